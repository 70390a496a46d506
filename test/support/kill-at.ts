import type { RunDetail } from '#contract/run/run.ts'
import { endedRun, onEvents, push } from './app.ts'
import type { Installation } from './installation.ts'
import { processOf } from './processes.ts'
import type { Repository } from './repository.ts'
import { waitFor } from './wait.ts'

/** When to kill: at an event whose type ends so, or as soon as a condition holds. */
export type Moment = string | (() => boolean)

interface Delivery {
  installation: Installation
  app: string
  repository: Repository
  files: Record<string, string>
  /** the subject of the commit; no other commit has it */
  subject: string
}

/**
 * Delivers a commit, kills a process at a moment with SIGKILL, starts a killed server again, and
 * returns the run of the commit after its end.
 */
export async function killAt(
  { installation, app, repository, files, subject }: Delivery,
  victim: 'server' | 'host' | 'runner',
  moment: Moment,
): Promise<RunDetail> {
  const pid = await processOf(installation, victim)
  let isKilled = false
  const kill = (): void => {
    if (!isKilled) process.kill(pid, 'SIGKILL')
    isKilled = true
  }
  const stop = await onEvents(installation, app, ({ type }) => {
    if (typeof moment === 'string' && type.endsWith(moment)) kill()
  })
  await repository.commit(files, subject)
  const pushed = await push(installation, app, repository).catch(() => null)
  await waitFor('the moment', async () => {
    if (typeof moment === 'function' && moment()) kill()
    return isKilled
  })
  stop()
  if (victim === 'server') {
    await installation.killServer()
    await installation.start()
  }
  // What the server did not acknowledge is pushed again.
  if (pushed === null) await push(installation, app, repository)
  let run: number | undefined
  await waitFor('the run is known', async () => {
    const { runs } = await installation.client.listRuns({ query: { app, limit: 1 } })
    if (runs[0]?.change.subject === subject) run = runs[0].id
    return run !== undefined
  })
  return endedRun(installation, run ?? 0, 120)
}
