import type { ButtonHTMLAttributes, ReactNode } from 'react'
import { Link } from 'react-router'
import { classes } from './classes.ts'

type Kind = 'plain' | 'primary' | 'danger' | 'bare'

const base = classes(
  'inline-flex items-center justify-center gap-1.5 rounded-md px-2.5 py-1.5',
  'font-medium whitespace-nowrap transition-colors disabled:opacity-50',
  'disabled:cursor-not-allowed pointer-coarse:min-h-10',
)
const kinds: Record<Kind, string> = {
  plain: 'border border-edge-strong bg-panel hover:bg-hover',
  primary: 'border border-ink bg-ink text-panel hover:opacity-90',
  danger: 'border border-bad bg-bad text-panel hover:opacity-90',
  bare: 'text-soft hover:bg-hover hover:text-ink',
}

/** The classes of a button, for an element that is none. */
export const buttonClass = (kind: Kind): string => `${base} ${kinds[kind]}`

export function Button({
  kind = 'plain',
  className = '',
  type = 'button',
  ...rest
}: ButtonHTMLAttributes<HTMLButtonElement> & { kind?: Kind }) {
  return <button type={type} className={`${base} ${kinds[kind]} ${className}`} {...rest} />
}

/** The buttons at the end of a form: one that closes it, and one that submits it. */
export function FormButtons({
  verb,
  disabled = false,
  close,
}: {
  verb: string
  disabled?: boolean
  close: () => void
}) {
  return (
    <div className="flex justify-end gap-2">
      <Button onClick={close}>Cancel</Button>
      <Button kind="primary" type="submit" disabled={disabled}>
        {verb}
      </Button>
    </div>
  )
}

/** A link that looks like a button. With `onLeave`, it loads a page outside the console. */
export function ButtonLink({
  to,
  children,
  kind = 'plain',
  onLeave,
}: {
  to: string
  children: ReactNode
  kind?: Kind
  onLeave?: () => void
}) {
  return (
    <Link
      to={to}
      {...(onLeave ? { reloadDocument: true, onClick: onLeave } : {})}
      className={`${base} ${kinds[kind]}`}
    >
      {children}
    </Link>
  )
}

/** A button with two states, on and off. */
export function Toggle({
  on,
  onChange,
  children,
  label,
}: {
  on: boolean
  onChange: (on: boolean) => void
  children: ReactNode
  label: string
}) {
  return (
    <button
      type="button"
      aria-pressed={on}
      aria-label={label}
      title={label}
      onClick={() => onChange(!on)}
      className={classes(
        base,
        'border',
        on
          ? 'border-ink bg-ink text-panel'
          : 'border-edge-strong bg-panel text-soft hover:bg-hover hover:text-ink',
      )}
    >
      {children}
    </button>
  )
}
