import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { Forge, ForgeReport } from '#contract/forge/forge.ts'
import { timeWords } from '#contract/time-words.ts'
import { useClient } from '../live/dependencies.tsx'
import { useForge } from '../live/forge-queries.ts'
import { useMay } from '../live/access-queries.ts'
import { Button } from '../ui/button.tsx'
import { Confirm, Modal, type Question } from '../ui/dialog.tsx'
import { Nothing, RowsShape, Section } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { asSentence, type Badge } from '../ui/state.ts'
import { ConnectProvider } from './connect-provider.tsx'
import { Status, StatusIcon } from '../ui/status.tsx'
import { Ago } from '../ui/time.tsx'

/** The Git provider of an app, and the latest results that were sent to it. */
export function ProviderSection({ app }: { app: string }) {
  const client = useClient()
  const queries = useQueryClient()
  const query = useForge(app)
  const mayConnect = useMay('operator', app)
  const [isConnecting, setConnecting] = useState(false)
  const [question, ask] = useState<Question | null>(null)
  const forge = query.data?.forge ?? null
  const disconnect: Question = {
    title: 'Disconnect the Git provider?',
    text: 'Results are no longer sent to it, and its token is deleted.',
    verb: 'Disconnect',
    danger: true,
    act: async () => {
      await client.deleteForge({ params: { app } })
      await queries.invalidateQueries({ queryKey: ['forge', app] })
    },
  }
  const actions = mayConnect ? (
    <span className="flex gap-2">
      <Button onClick={() => setConnecting(true)}>{forge ? 'Change …' : 'Connect …'}</Button>
      {forge ? <Button onClick={() => ask(disconnect)}>Disconnect …</Button> : null}
    </span>
  ) : null
  return (
    <Section title="Git provider" aside={actions}>
      <Loaded query={query} shape={<RowsShape rows={3} />}>
        {({ reports }) =>
          forge === null ? (
            <Nothing>
              This app is not connected to a Git provider. With a connection, Fairlead sends the
              results of commits and deployments there, and runs pull requests.
            </Nothing>
          ) : (
            <div className="panel divide-y divide-edge overflow-hidden">
              <Place forge={forge} />
              {reports.length === 0 ? (
                <Nothing>No results yet.</Nothing>
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
      <Modal
        open={isConnecting}
        close={() => setConnecting(false)}
        title={`Connect ${app} to a Git provider`}
      >
        <ConnectProvider app={app} former={forge} close={() => setConnecting(false)} />
      </Modal>
      <Confirm question={question} close={() => ask(null)} />
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
            {forge.paused === null ? null : ` Next try at ${timeWords(forge.paused)}.`}
          </span>
        </p>
      )}
    </div>
  )
}

const sent: Badge = { tone: 'good', word: 'Sent' }
const refused: Badge = { tone: 'warn', word: 'Refused' }

function ReportRow({ report: { subject, state, told: at, problem } }: { report: ForgeReport }) {
  const [kind = '', id = ''] = subject.split('/')
  return (
    <li
      className="grid grid-cols-[1fr_auto] items-center gap-x-4 px-4 py-2.5
        md:grid-cols-[8rem_minmax(0,1fr)_9rem]"
    >
      <Status badge={problem === null ? sent : refused} />
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
