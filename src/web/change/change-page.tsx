import { useParams } from 'react-router'
import type { ChangeReport } from '#contract/change/change.ts'
import { FairleadError } from '#contract/errors.ts'
import type { RunDetail } from '#contract/run/run.ts'
import { useChange, useRun } from '../live/queries.ts'
import { Sha } from '../ui/change.tsx'
import { PageHead, Section, useTitle } from '../ui/page.tsx'
import { Loaded, ProblemPanel } from '../ui/problem.tsx'
import { runBadges } from '../ui/state.ts'
import { Status, StatusIcon } from '../ui/status.tsx'
import { Files } from './files.tsx'
import { Gates } from './gates.tsx'
import { Evidence, Measurements, OtherFindings } from './lists.tsx'
import { Numbers } from './numbers.tsx'
import { Tests } from './tests.tsx'
import { sumUp } from './words.ts'

export function ChangePage() {
  const { run = '' } = useParams()
  if (!/^[1-9]\d{0,14}$/.test(run))
    return <ProblemPanel isPage error={new FairleadError('not_found', { kind: 'run', id: run })} />
  return <KnownChange id={Number(run)} />
}

function KnownChange({ id }: { id: number }) {
  const run = useRun(id)
  const change = useChange(id)
  return (
    <Loaded isPage query={run} shape={<ChangeShape />}>
      {(found) => (
        <Loaded isPage query={change} shape={<ChangeShape />}>
          {(report) => <Change run={found} report={report} />}
        </Loaded>
      )}
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
      <PageHead
        crumbs={[
          { to: `/apps/${run.app}`, text: run.app },
          { to: `/runs/${run.id}`, text: `Run ${run.id}` },
        ]}
        title={
          <>
            <span className="font-normal text-soft">Change</span>{' '}
            {run.change.subject || <Sha sha={run.change.sha} />}
          </>
        }
        actions={<Status badge={runBadges[run.state]} size={17} />}
      >
        <p className="mt-1.5 flex items-start gap-2">
          <span className="mt-0.5">
            <StatusIcon tone={badge.tone} size={17} />
          </span>
          <span>{badge.word}</span>
        </p>
        <p className="mt-1 flex flex-wrap items-center gap-x-2 text-soft">
          <Sha sha={run.change.sha} />
          <span aria-hidden>·</span>
          <span>{run.change.author.name}</span>
          <span aria-hidden>·</span>
          {base.sha === null ? (
            <span>no successful release in production to compare with yet</span>
          ) : (
            <span>
              compared with <Sha sha={base.sha} /> (run {base.run}), the last successful release in
              production
            </span>
          )}
        </p>
      </PageHead>
      <Numbers report={report} />
      <Gates gates={report.gates} />
      <Tests report={report} run={run.id} />
      <Commits commits={report.commits} />
      <Files files={report.files} />
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
      <div className="skeleton mb-2 h-4 w-40" />
      <div className="skeleton mb-3 h-7 w-96 max-w-full" />
      <div className="skeleton mb-6 h-4 w-72 max-w-full" />
      <div className="panel mb-4 h-24" />
      <div className="panel mb-4 h-40" />
      <div className="panel h-80" />
    </>
  )
}
