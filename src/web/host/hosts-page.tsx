import { useQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import type { Host, HostState } from '#contract/host/host.ts'
import { clockWords, diskWords, hostProblems } from '#contract/host/problems.ts'
import { useClient } from '../live/dependencies.tsx'
import { Command } from '../ui/copy.tsx'
import { Nothing, PageHead, RowsShape, Section, useTitle } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { asSentence, type Badge } from '../ui/state.ts'
import { Status, StatusIcon } from '../ui/status.tsx'
import { Ago } from '../ui/time.tsx'

const hostBadges: Record<HostState, Badge> = {
  connecting: { tone: 'move', word: 'Connecting' },
  installing: { tone: 'move', word: 'Installing' },
  connected: { tone: 'good', word: 'Connected' },
  unreachable: { tone: 'bad', word: 'Unreachable' },
  failed: { tone: 'bad', word: 'Failed' },
}

const about =
  'The machines that run services: that of the server, and those that it reaches over SSH.'

/** The machines that run services. Polled, because a connection that ends is no event. */
export function HostsPage() {
  useTitle('Hosts')
  const client = useClient()
  const query = useQuery({
    queryKey: ['hosts'],
    queryFn: async ({ signal }) => (await client.listHosts({ signal })).hosts,
    refetchInterval: 5000,
  })
  return (
    <>
      <PageHead title="Hosts">
        <p className="mt-1 text-soft">
          {about}{' '}
          <Link to="/docs/hosts" className="underline underline-offset-3">
            How hosts work
          </Link>
        </p>
      </PageHead>
      <Loaded query={query} shape={<RowsShape rows={2} height="h-24" />}>
        {(hosts) => (
          <>
            <ul className="panel divide-y divide-edge">
              {hosts.map((host) => (
                <HostRow key={host.name} host={host} />
              ))}
            </ul>
            {hosts.some(({ destination }) => destination !== null) ? null : (
              <div className="mt-3">
                <Nothing>No other machine runs services yet.</Nothing>
              </div>
            )}
          </>
        )}
      </Loaded>
      <Section title="Add, upgrade, drain and remove">
        <div className="panel space-y-3 px-4 py-3">
          <Act what="Installs a host on a machine over SSH.">
            fairlead hosts add deploy@10.0.0.5 --name web-1
          </Act>
          <Act what="Installs the version of the server, without a lost request.">
            fairlead hosts upgrade web-1
          </Act>
          <Act what="Lets the other hosts of its environments go on without it.">
            fairlead hosts drain web-1
          </Act>
          <Act what="Stops a host that runs nothing, and deletes its files there.">
            fairlead hosts remove web-1
          </Act>
        </div>
      </Section>
    </>
  )
}

function Act({ what, children }: { what: string; children: string }) {
  return (
    <div>
      <p className="mb-1">{what}</p>
      <Command text={children} />
    </div>
  )
}

function HostRow({ host }: { host: Host }) {
  const { name, destination, address, labels, state, since, status } = host
  const isBusy = state === 'connecting' || state === 'installing'
  const problems = isBusy ? [] : hostProblems(host)
  const place = destination ?? 'the machine of the server'
  return (
    <li className="space-y-1 px-4 py-3">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-1">
        <Status badge={badgeOf(host)} />
        <span className="font-medium">{name}</span>
        <span className="text-soft break-all">
          {place}
          {destination === null || destination.includes(address) ? '' : `, ${address}`}
        </span>
        {labels.length === 0 ? null : <span className="text-soft">{labels.join(', ')}</span>}
        <span className="text-soft sm:ml-auto">
          <Ago time={since} />
        </span>
      </div>
      {problems.map(({ isBad, text }) => (
        <p key={text} className="flex items-start gap-2">
          <span className="mt-0.5">
            <StatusIcon tone={isBad ? 'bad' : 'warn'} />
          </span>
          <span className="min-w-0 break-words">{asSentence(text)}</span>
        </p>
      ))}
      {status === null ? null : <Facts status={status} />}
    </li>
  )
}

/** A host that does not answer is not well, whatever its connection is. */
const badgeOf = ({ state, status }: Host): Badge =>
  state === 'connected' && status === null ? { tone: 'bad', word: 'No answer' } : hostBadges[state]

function Facts({ status }: { status: NonNullable<Host['status']> }) {
  const { version, disk, clock, releases } = status
  return (
    <>
      <p className="text-soft">
        Version {version} · {diskWords(disk)} · {clockWords(clock)}
      </p>
      {releases.length === 0 ? (
        <p className="text-soft">It runs nothing.</p>
      ) : (
        <ul className="flex flex-wrap gap-x-6 gap-y-1">
          {releases.map(({ app, environment, release, state, routed }) => (
            <li key={`${app}/${environment}/${release}`}>
              <Link
                to={`/apps/${app}/environments/${environment}`}
                className="quiet-link font-medium"
              >
                {app} · {environment}
              </Link>{' '}
              <span className="text-soft">
                release {release} {state}
                {routed ? ', has the traffic' : ''}
              </span>
            </li>
          ))}
        </ul>
      )}
    </>
  )
}
