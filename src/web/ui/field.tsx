import { type InputHTMLAttributes, useId } from 'react'

type Input = Omit<InputHTMLAttributes<HTMLInputElement>, 'value' | 'onChange'>

/** A text field with its label, and a hint below. */
export function Field({
  label,
  hint,
  value,
  set,
  ...input
}: Input & { label: string; hint?: string; value: string; set: (value: string) => void }) {
  const id = useId()
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <label htmlFor={id} className="label">
        {label}
      </label>
      <input
        {...input}
        id={id}
        className="field w-full"
        aria-describedby={hint ? `${id}-hint` : undefined}
        value={value}
        onChange={(event) => set(event.target.value)}
      />
      {hint ? (
        <span id={`${id}-hint`} className="label">
          {hint}
        </span>
      ) : null}
    </div>
  )
}

/** One of a few values, with a sentence on each. */
export function Choice<T extends string>({
  label,
  value,
  set,
  choices,
}: {
  label: string
  value: T
  set: (value: T) => void
  choices: Record<T, string>
}) {
  return (
    <label className="flex min-w-0 flex-col gap-1">
      <span className="label">{label}</span>
      <select
        className="field w-full"
        value={value}
        onChange={(event) => set(event.target.value as T)}
      >
        {Object.entries<string>(choices).map(([name, text]) => (
          <option key={name} value={name}>
            {text}
          </option>
        ))}
      </select>
    </label>
  )
}

/** Chooses a file of the reader's machine, with a hint below. */
export function FileField({
  label,
  hint,
  set,
  ...input
}: Input & { label: string; hint: string; set: (file: File | null) => void }) {
  const id = useId()
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <label htmlFor={id} className="label">
        {label}
      </label>
      <input
        {...input}
        id={id}
        type="file"
        className="field w-full"
        aria-describedby={`${id}-hint`}
        onChange={(event) => set(event.target.files?.[0] ?? null)}
      />
      <span id={`${id}-hint`} className="label">
        {hint}
      </span>
    </div>
  )
}

/** A box that is checked or not. */
export function Check({
  label,
  value,
  set,
}: {
  label: string
  value: boolean
  set: (value: boolean) => void
}) {
  return (
    <label className="flex items-center gap-2">
      <input type="checkbox" checked={value} onChange={(event) => set(event.target.checked)} />
      {label}
    </label>
  )
}
