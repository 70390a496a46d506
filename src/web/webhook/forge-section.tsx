import type { Forge, ForgeReport } from '#contract/forge/forge.ts'
import { useForge } from '../live/queries.ts'
import { Command } from '../ui/copy.tsx'
import { Nothing, RowsShape, Section } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { asSentence, type Badge } from '../ui/state.ts'
import { Status, StatusIcon } from '../ui/status.tsx'
import { Ago } from '../ui/time.tsx'

/** The forge of an app, and the latest reports to it. */
export function ForgeSection({ app }: { app: string }) {
  const query = useForge(app)
  return (
    <Section title="Results at the forge">
      <Loaded query={query} shape={<RowsShape rows={3} />}>
        {({ forge, reports }) =>
          forge === null ? (
            <div className="panel flex flex-col gap-3 px-4 py-3">
              <p>
                This app is not connected to a forge. To report results there, run this command with
                a token on standard input:
              </p>
              <Command text={`fairlead forge set ${app} github OWNER/NAME`} />
            </div>
          ) : (
            <div className="panel divide-y divide-edge overflow-hidden">
              <Place forge={forge} />
              {reports.length === 0 ? (
                <Nothing>No reports yet.</Nothing>
              ) : (
                <ul className="divide-y divide-edge">
                  {reports.map((report) => (
                    <ReportRow key={report.subject} report={report} />
                  ))}
                </ul>
              )}
            </div>
          )
        }
      </Loaded>
    </Section>
  )
}

function Place({ forge }: { forge: Forge }) {
  return (
    <div className="flex flex-col gap-1 px-4 py-3">
      <p>
        {forge.repository}{' '}
        <span className="text-soft">
          at {forge.url}
          {forge.appId === null ? '' : `, as GitHub App ${forge.appId}`}
        </span>
      </p>
      {forge.problem === null ? null : (
        <p className="flex items-start gap-2">
          <span className="mt-0.5">
            <StatusIcon tone="warn" />
          </span>
          <span>
            {asSentence(forge.problem)}
            {forge.paused === null
              ? null
              : ` Next try at ${new Date(forge.paused).toLocaleTimeString()}.`}
          </span>
        </p>
      )}
    </div>
  )
}

const told: Badge = { tone: 'good', word: 'Reported' }
const refused: Badge = { tone: 'warn', word: 'Refused' }

function ReportRow({ report: { subject, state, told: at, problem } }: { report: ForgeReport }) {
  const [kind = '', id = ''] = subject.split('/')
  return (
    <li
      className="grid grid-cols-[1fr_auto] items-center gap-x-4 px-4 py-2.5
        md:grid-cols-[8rem_minmax(0,1fr)_9rem]"
    >
      <Status badge={problem === null ? told : refused} />
      <span
        className="col-span-2 row-start-2 min-w-0 truncate
        md:col-span-1 md:row-start-1 md:col-start-2"
      >
        {kind === 'deployment' ? `deployment ${id}` : `commit ${id.slice(0, 7)}`}:{' '}
        {state.replaceAll('_', ' ')}
        {problem === null ? '' : ` (${problem})`}
      </span>
      <span className="hidden text-right text-soft md:block">
        <Ago time={at} />
      </span>
    </li>
  )
}
