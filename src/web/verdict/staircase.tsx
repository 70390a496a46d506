import type { Canary } from '#contract/verdict/verdict.ts'
import { formatShare } from '../ui/number.ts'
import { stepsOf, type StepState } from './words.ts'

const colours: Record<StepState, string> = {
  passed: 'bg-soft/50',
  now: 'bg-move',
  ahead: 'border border-dashed border-edge-strong',
}
const stateWords: Record<StepState, string> = { passed: 'passed', now: 'current', ahead: 'ahead' }

/** The shares of the requests that a canary goes through, as ascending steps. */
export function Staircase({ canary }: { canary: Canary }) {
  return (
    <ol aria-label="Shares of the requests" className="flex h-20 items-end gap-1.5">
      {stepsOf(canary).map(({ share, state }) => (
        <li
          key={share}
          className="flex h-full min-w-0 flex-1 flex-col justify-end text-center text-small"
        >
          <span className={state === 'now' ? 'font-semibold' : 'text-soft'}>
            {formatShare(share)}
          </span>
          <span className="sr-only">{stateWords[state]}</span>
          <span
            aria-hidden
            className={`rounded-t-sm ${colours[state]}`}
            // A linear scale would hide the first steps.
            style={{ height: `${8 + 62 * Math.sqrt(share)}%` }}
          />
        </li>
      ))}
    </ol>
  )
}
