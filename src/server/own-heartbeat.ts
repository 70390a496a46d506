import { every, oneReplica } from '#engine/every.ts'
import type { BackgroundJob } from '#engine/job.ts'
import { jobState } from '#engine/job-state.ts'
import { listJobs } from '#engine/job-store.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { HostClient } from '#platform/process/host-client.ts'

export interface OwnHeartbeatParts {
  /** a secret: who knows it can pretend that this installation works */
  url: string
  db: Database
  host: Pick<HostClient, 'status'>
  fetch: typeof fetch
  /** the jobs that find harm and notify people */
  jobs: readonly string[]
}

/** Milliseconds that the address has to answer. */
const patience = 10_000

/** Calls an address outside for as long as this installation can notify people. */
export const sendHeartbeat = (parts: OwnHeartbeatParts, interval: number): BackgroundJob =>
  every({
    name: 'send-heartbeat',
    interval,
    claim: oneReplica(),
    run: () => beat(parts),
  })

/** Sends one heartbeat. Throws one sentence when something must not be called healthy. */
export async function beat({ url, db, host, fetch, jobs }: OwnHeartbeatParts): Promise<void> {
  await host.status()
  const bad = (await listJobs(db, [...jobs])).filter((one) => jobState(one) !== 'ok')
  if (bad.length > 0)
    throw new Error(`no heartbeat was sent: ${bad.map(({ name }) => name).join(', ')} does not run`)
  const signal = AbortSignal.timeout(patience)
  const answer = await fetch(url, { method: 'POST', redirect: 'error', signal }).catch(() => null)
  await answer?.body?.cancel()
  if (answer === null) throw new Error('the address of FAIRLEAD_HEARTBEAT_URL cannot be reached')
  if (!answer.ok) throw new Error(`the address of FAIRLEAD_HEARTBEAT_URL answers ${answer.status}`)
}
