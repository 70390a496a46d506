import { setTimeout as sleep } from 'node:timers/promises'
import type { ForgeClient } from '#domains/forge/client.ts'
import { ForgeRefusal } from '#domains/forge/request.ts'
import { decidePause, decideReport, type PendingReport } from '#domains/forge/rules.ts'
import * as forges from '#domains/forge/store.ts'
import { every, rows } from '#engine/every.ts'
import type { BackgroundJob } from '#engine/job.ts'
import type { FactSources } from '#flows/evidence/run-facts.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { appsWithPendingReports, listPendingReports } from '#views/pending-reports.ts'
import { appsWithDueIssues, type IssueToSync, listDueIssues } from '#views/review-issue.ts'
import { setIssueProblem } from '#domains/review/issue-store.ts'
import { checkOf } from './check.ts'
import { connectForge, type ForgeAccess } from './connect.ts'
import { syncIssue } from './issues.ts'

export interface WriteBackOptions extends ForgeAccess {
  db: Database
  publicUrl: string
  source: FactSources['source']
  fetch: typeof fetch
  random(): number
  /** milliseconds since 1970 */
  now(): number
  /** milliseconds between two checks for pending reports */
  interval: number
  /** milliseconds between two looks at the state of an issue */
  issueInterval: number
}

/** Seconds after which another replica takes over a forge. */
const claimSeconds = 15
/** Reports sent per claim. */
const reportsPerClaim = 5
/** Milliseconds that a forge has to answer, and between two reports. */
const timeoutMs = 10_000
const gapMs = 100

/**
 * Reports the results of commits and deployments to the forges of the apps. It compares the current
 * states with those last reported: nothing is queued while a forge is down, no outdated state is
 * reported, and no delivery waits for a forge.
 */
export const writeBack = (options: WriteBackOptions): BackgroundJob =>
  every<forges.StoredForge>({
    name: 'report-results-to-forges',
    interval: options.interval,
    claim: rows({
      parallel: 8,
      key: ({ app }) => app,
      take: async ({ count, except }) => {
        const [apps, others] = await Promise.all([
          appsWithPendingReports(options.db),
          appsWithDueIssues(options.db, timesOf(options)),
        ])
        const free = [...new Set([...apps, ...others])].filter((app) => !except.has(app))
        if (free.length === 0) return []
        return forges.claimForges(options.db, { apps: free, count, seconds: claimSeconds })
      },
      renew: {
        every: (claimSeconds * 1000) / 3,
        extend: async (forge) =>
          (await options.db.query(forges.extendClaim(forge, claimSeconds))).length > 0,
      },
    }),
    run: ({ item, signal }) => report(options, item, signal),
  })

/** Sends the pending reports of a forge. A forge that fails is paused, which is no failed job. */
async function report(
  options: WriteBackOptions,
  forge: forges.StoredForge,
  signal: AbortSignal,
): Promise<void> {
  const { db } = options
  const fetchInTime: typeof fetch = (input, init) =>
    options.fetch(input, {
      ...init,
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    })
  let reported = 0
  try {
    const client = await connectForge(options, forge, fetchInTime)
    for (const pending of await listPendingReports(db, forge.app, reportsPerClaim)) {
      signal.throwIfAborted()
      await send(options, client, pending)
      reported += 1
      await sleep(gapMs, undefined, { signal })
    }
    for (const issue of await listDueIssues(db, {
      ...{ ...timesOf(options), app: forge.app, limit: reportsPerClaim },
    })) {
      signal.throwIfAborted()
      await sendIssue(options, forge, client, issue)
      reported += 1
      await sleep(gapMs, undefined, { signal })
    }
    await db.query(forges.releaseForge(forge, reported > 0))
  } catch (error) {
    if (signal.aborted) return void (await db.query(forges.releaseForge(forge, false)))
    const refusal = error instanceof ForgeRefusal ? error : null
    const failures = reported > 0 ? 0 : forge.failures
    const pauseMs = decidePause(refusal, failures, options.random) ?? 1000
    await db.query(forges.pauseForge(forge, { pauseMs, problem: problemOf(error as Error) }))
  }
}

/** Throws when the forge needs a pause; a refusal of this one report is recorded. */
async function send(
  options: WriteBackOptions,
  client: ForgeClient,
  pending: PendingReport,
): Promise<void> {
  const hasDeployments = client.writeDeployment !== undefined
  const decided = decideReport(pending, options.publicUrl, hasDeployments)
  let remote: string | null = null
  let problem: string | null = null
  try {
    if (decided.kind === 'status' && client.writeCheck)
      await client.writeCheck(await checkOf(options, pending.run, decided.status))
    else if (decided.kind === 'status') await client.writeStatus(decided.status)
    if (decided.kind === 'deployment')
      remote = (await client.writeDeployment?.(decided.deployment, pending.remote)) || null
  } catch (error) {
    if (!isRefusedAlone(error, options)) throw error
    problem = problemOf(error)
  }
  await options.db.query(forges.putReport(pending, { remote, problem }))
}

const timesOf = ({ now, issueInterval }: WriteBackOptions) => ({
  ...{ now: now(), interval: issueInterval },
})

/** Throws when the forge needs a pause; a refusal of this one issue is recorded. */
async function sendIssue(
  options: WriteBackOptions,
  forge: forges.StoredForge,
  client: ForgeClient,
  issue: IssueToSync,
): Promise<void> {
  try {
    await syncIssue(options, forge, client, issue)
  } catch (error) {
    if (!isRefusedAlone(error, options)) throw error
    const problem = problemOf(error)
    await options.db.batch([setIssueProblem(issue.action, problem, options.now())])
  }
}

/** Whether a forge refuses one report only, and needs no pause. */
const isRefusedAlone = (error: unknown, { random }: WriteBackOptions): error is ForgeRefusal =>
  error instanceof ForgeRefusal && decidePause(error, 0, random) === null

/** `fetch` hides the cause behind "fetch failed". */
function problemOf(error: Error): string {
  if (error instanceof ForgeRefusal) return error.message
  const cause = (error.cause as Error | undefined)?.message
  return `it cannot be reached: ${cause ?? error.message}`.slice(0, 300)
}
