import type { ChangeReport } from '#contract/change/change.ts'
import type { RunDetail } from '#contract/run/run.ts'
import { useChange } from '../live/run-queries.ts'
import { useRunOfPage } from '../run/run-layout.tsx'
import { Sha } from '../ui/change.tsx'
import { MachinePlans } from '../machine/plans.tsx'
import { Section, useTitle } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { StatusIcon } from '../ui/status.tsx'
import { Files } from './files.tsx'
import { Gates } from './gates.tsx'
import { Evidence, Measurements, OtherFindings } from './lists.tsx'
import { Numbers } from './numbers.tsx'
import { Tests } from './tests.tsx'
import { sumUp } from './words.ts'

export function ChangePage() {
  const run = useRunOfPage()
  const change = useChange(run.id)
  return (
    <Loaded query={change} shape={<ChangeShape />}>
      {(report) => <Change run={run} report={report} />}
    </Loaded>
  )
}

/** The report of a change: why it is safe, or what is wrong with it. Problems come first. */
function Change({ run, report }: { run: RunDetail; report: ChangeReport }) {
  const badge = sumUp(report, run)
  useTitle(
    `Change: ${run.change.subject}`,
    badge.tone === 'bad' ? '✕' : badge.tone === 'good' ? '✓' : '',
  )
  const { base } = report.numbers
  return (
    <>
      <h2 className="sr-only">Change report</h2>
      <p className="mb-4 flex items-start gap-2">
        <span className="mt-0.5">
          <StatusIcon tone={badge.tone} size={17} />
        </span>
        <span>
          {badge.word}{' '}
          <span className="text-soft">
            {base.sha === null ? (
              'There is no successful release in production to compare with yet.'
            ) : (
              <>
                Compared with <Sha sha={base.sha} /> (run {base.run}), the last successful release
                in production.
              </>
            )}
          </span>
        </span>
      </p>
      <Numbers report={report} />
      <Gates app={run.app} gates={report.gates} />
      <Tests report={report} run={run.id} />
      <MachinePlans plans={report.machines} />
      <Commits commits={report.commits} />
      <Files run={run.id} files={report.files} />
      <OtherFindings findings={report.findings} />
      <Measurements measurements={report.measurements} />
      <Evidence report={report} artifact={run.artifact} />
    </>
  )
}

/** The commits of a change, when it has more than its head. */
function Commits({ commits }: Pick<ChangeReport, 'commits'>) {
  if (commits === null || commits.length < 2) return null
  return (
    <Section title="Commits">
      <ul className="panel divide-y divide-edge overflow-hidden">
        {commits.map(({ sha, subject, author }) => (
          <li key={sha} className="flex items-baseline gap-2 px-4 py-2">
            <Sha sha={sha} />
            <span className="min-w-0 flex-1 truncate">{subject}</span>
            <span className="text-soft">{author}</span>
          </li>
        ))}
      </ul>
    </Section>
  )
}

function ChangeShape() {
  return (
    <>
      <div className="skeleton mb-6 h-4 w-72 max-w-full" />
      <div className="panel mb-4 h-24" />
      <div className="panel mb-4 h-40" />
      <div className="panel h-80" />
    </>
  )
}
