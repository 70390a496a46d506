import { type ReactNode, useId, useState } from 'react'
import { Toggle } from '../ui/button.tsx'
import { classes } from '../ui/classes.ts'
import { Scrollable } from '../ui/scrollable.tsx'

/** A chart with its heading, a summary in words, and its numbers in a table on request. */
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
  children: ReactNode
}) {
  const [isOpen, setOpen] = useState(false)
  const id = useId()
  return (
    <section aria-labelledby={id} className="panel flex min-w-0 flex-col px-4 py-3">
      <div className="flex items-start justify-between gap-3">
        <h2 id={id} className="pt-1 font-semibold">
          {title}
        </h2>
        {empty ? null : (
          <Toggle on={isOpen} onChange={setOpen} label={`Show numbers: ${title}`}>
            Show numbers
          </Toggle>
        )}
      </div>
      <p className="mt-1 mb-2 text-soft">{summary}</p>
      {legend && !empty ? (
        <div className="mb-1 flex flex-wrap gap-x-4 gap-y-1 text-small">{legend}</div>
      ) : null}
      <div className={classes('min-w-0', empty ? 'flex flex-1' : 'mt-auto')}>
        {empty ? (
          <p
            className={classes(
              'flex min-h-40 w-full items-center justify-center rounded-md bg-sunken px-4',
              'text-center text-soft',
            )}
          >
            {empty}
          </p>
        ) : (
          children
        )}
      </div>
      {isOpen && !empty ? (
        <Scrollable role="region" label={`Numbers: ${title}`} className="mt-3 max-h-72">
          {table()}
        </Scrollable>
      ) : null}
    </section>
  )
}
