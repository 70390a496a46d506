import type { CSSProperties, ReactNode } from 'react'

/**
 * Content that scrolls when it is too large. The keyboard reaches and scrolls it, and a screen
 * reader announces `label`.
 */
export function Scrollable({
  label,
  className,
  role = 'group',
  as: Element = 'div',
  style,
  children,
}: {
  label: string
  className: string
  role?: 'group' | 'region'
  as?: 'div' | 'pre'
  style?: CSSProperties
  children: ReactNode
}) {
  return (
    <Element
      tabIndex={0}
      role={role}
      aria-label={label}
      className={`overflow-auto ${className}`}
      style={style}
    >
      {children}
    </Element>
  )
}
