import type { VerdictView } from '#contract/verdict/verdict.ts'
import { errorRate, formatCount, formatShare } from '../ui/number.ts'
import { NumbersTable } from '../ui/numbers-table.tsx'
import { type Arm, arms, armWords, isError, judgementOf, outcomesOf, outcomeWord } from './words.ts'

/** The requests and errors of both releases, by outcome. */
export function Outcomes({ view }: { view: VerdictView }) {
  const { errors } = judgementOf(view)
  const rows = outcomesOf(view.outcomes)
  const unit = view.settings.unit === 'sessions' ? 'Sessions' : 'Requests'
  const isEmpty = errors.baseline.requests + errors.canary.requests === 0
  return (
    <section aria-label={`${unit} and errors`} className="panel min-w-0 px-4 py-3">
      <h2 className="font-semibold">{unit} and errors</h2>
      {isEmpty ? (
        <p className="mt-2 rounded-md bg-sunken px-4 py-8 text-center text-soft">
          No requests have arrived yet.
        </p>
      ) : (
        <>
          <div className="mt-2 mb-3 grid gap-2">
            {arms.map((arm) => (
              <Rate key={arm} arm={arm} errors={errors} />
            ))}
          </div>
          <NumbersTable
            head={['Outcome', ...arms.map((arm) => armWords[arm])]}
            rows={[
              [unit, ...arms.map((arm) => formatCount(errors[arm].requests))],
              ...rows.map((outcome) => [
                <span key="o" className={isError(outcome) ? 'text-bad' : ''}>
                  {outcomeWord(outcome)}
                  {isError(outcome) ? ' (error)' : ''}
                </span>,
                ...arms.map((arm) => cell(view.outcomes[arm][outcome] ?? 0, errors[arm].requests)),
              ]),
            ]}
          />
        </>
      )}
    </section>
  )
}

const cell = (count: number, all: number): string =>
  all === 0 ? formatCount(count) : `${formatCount(count)} (${formatShare(count / all)})`

type Errors = VerdictView['judgement']['errors']

/** The failed requests of a release as a part of all of them. */
function Rate({ arm, errors }: { arm: Arm; errors: Errors }) {
  const part = errors[arm].requests === 0 ? 0 : errors[arm].errors / errors[arm].requests
  const failed = formatCount(errors[arm].errors)
  return (
    <div>
      <div className="flex flex-wrap justify-between gap-x-3">
        <span className="font-medium">{armWords[arm]}</span>
        <span>
          {errors[arm].requests === 0
            ? 'no requests yet'
            : `${failed} of ${formatCount(errors[arm].requests)} failed: ${errorRate(errors[arm])}`}
        </span>
      </div>
      <div className="mt-1 h-2 rounded-full bg-hover" aria-hidden>
        <div
          className="h-full rounded-full bg-bad"
          style={{ width: `${part * 100}%`, minWidth: part > 0 ? 4 : 0 }}
        />
      </div>
    </div>
  )
}
