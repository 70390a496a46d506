import { Link } from 'react-router'
import {
  type InstanceJudgement,
  isPart,
  type OutcomeJudgement,
  type VerdictView,
} from '#contract/verdict/verdict.ts'
import { errorRate, formatCount, formatShare } from '../ui/number.ts'
import { NumbersTable } from '../ui/numbers-table.tsx'
import {
  type Arm,
  arms,
  armWords,
  isError,
  judgementOf,
  newErrorsOf,
  outcomesOf,
  outcomeWord,
} from './words.ts'

/** The requests and errors of both releases, by outcome. */
export function Outcomes({ view }: { view: VerdictView }) {
  const { errors, instances, outcomes } = judgementOf(view)
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
          <Parts parts={outcomes.filter(isPart)} />
          <Unlike instances={instances} />
        </>
      )}
      <NewErrors view={view} />
    </section>
  )
}

/** Routes and tenants with enough requests to be judged by themselves. */
function Parts({ parts }: { parts: OutcomeJudgement[] }) {
  if (parts.length === 0) return null
  const failed = ({ count, requests }: OutcomeJudgement['canary']): string =>
    `${formatCount(count)} of ${formatCount(requests)}`
  return (
    <div className="mt-3">
      <NumbersTable
        head={['Failures judged alone', ...arms.map((arm) => armWords[arm])]}
        rows={parts.map((part) => [
          <span key="name" className={part.state === 'harmful' ? 'text-bad' : ''}>
            {part.name}
          </span>,
          ...arms.map((arm) => failed(part[arm])),
        ])}
      />
    </div>
  )
}

/** Instances that fail more often than the others of their release. */
function Unlike({ instances = [] }: { instances?: InstanceJudgement[] }) {
  if (instances.length === 0) return null
  const failed = ({ failed: some, requests }: { failed: number; requests: number }): string =>
    `${formatCount(some)} of ${formatCount(requests)}`
  return (
    <div className="mt-3">
      <NumbersTable
        head={['Unlike the others', 'Failed', 'Others of its release']}
        rows={instances.map((one) => [
          <span key="name" className="text-bad">
            {one.name} <span className="text-soft">{armWords[one.release]}</span>
          </span>,
          failed(one),
          failed(one.others),
        ])}
      />
    </div>
  )
}

/** The errors that appeared with the canary, with the exceptions of their types. */
function NewErrors({ view }: { view: VerdictView }) {
  const found = newErrorsOf(judgementOf(view))
  return found.length === 0 ? null : (
    <div className="mt-4">
      <NumbersTable
        head={['New error', ...arms.map((arm) => armWords[arm])]}
        rows={found.map(({ id, title, isHeld, ...counts }) => [
          <span key="t">
            <Link to={`/errors/${id}`} className="underline underline-offset-3">
              {title}
            </Link>
            {isHeld ? <span className="text-bad"> (holds the canary)</span> : null}
          </span>,
          ...arms.map((arm) => formatCount(counts[arm])),
        ])}
      />
    </div>
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
