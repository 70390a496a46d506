import type { RunDetail } from '#contract/run/run.ts'
import { useChange } from '../live/queries.ts'

/** Says when an ended run had no earlier release to compare its change with. */
export function Comparison({ run }: { run: RunDetail }) {
  const { data } = useChange(run.id, run.ended !== null)
  if (data === undefined || data.numbers.base.run !== null) return null
  return (
    <p className="mt-1.5 text-soft">
      Nothing to compare with: there was no good release in production before this run.
    </p>
  )
}
