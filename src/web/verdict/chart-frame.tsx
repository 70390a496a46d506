import { type ReactNode, useId, useRef, useState } from 'react'
import { Toggle } from '../ui/button.tsx'
import { useWidth } from '../ui/width.ts'

/** A chart with a heading, what it says in words, and its numbers for who wants them. */
export function ChartFrame({
  title,
  summary,
  legend,
  table,
  empty,
  children,
}: {
  title: string
  summary: string
  legend?: ReactNode
  table: () => ReactNode
  /** why there is nothing to draw */
  empty?: string | undefined
  children: (width: number) => ReactNode
}) {
  const frame = useRef<HTMLDivElement>(null)
  const width = useWidth(frame)
  const [isOpen, open] = useState(false)
  const id = useId()
  return (
    <section aria-labelledby={id} className="panel flex min-w-0 flex-col px-4 py-3">
      <div className="flex items-start justify-between gap-3">
        <h2 id={id} className="pt-1 font-semibold">
          {title}
        </h2>
        {empty ? null : (
          <Toggle on={isOpen} onChange={open} label={`Show numbers: ${title}`}>
            Show numbers
          </Toggle>
        )}
      </div>
      <p className="mt-1 mb-2 text-soft">{summary}</p>
      {legend && !empty ? (
        <div className="mb-1 flex flex-wrap gap-x-4 gap-y-1 text-[0.9em]">{legend}</div>
      ) : null}
      <div ref={frame} className="mt-auto min-w-0">
        {empty ? (
          <p className="flex h-40 items-center justify-center rounded-md bg-sunken px-4 text-center text-soft">
            {empty}
          </p>
        ) : width > 0 ? (
          children(width)
        ) : (
          <div className="h-52" />
        )}
      </div>
      {isOpen && !empty ? (
        <div
          tabIndex={0}
          role="region"
          aria-label={`Numbers: ${title}`}
          className="mt-3 max-h-72 overflow-auto"
        >
          {table()}
        </div>
      ) : null}
    </section>
  )
}

/** What a line or a field stands for. */
export function Key({ look, children }: { look: ReactNode; children: ReactNode }) {
  return (
    <span className="inline-flex items-center gap-1.5">
      <svg width="18" height="10" aria-hidden className="shrink-0">
        {look}
      </svg>
      {children}
    </span>
  )
}
