import { FairleadError } from '#contract/errors.ts'
import type { SomeHandlers } from '#contract/handler.ts'
import type { PullRequestsFile } from '#contract/pipeline-file/pipeline-file.ts'
import type { PullRequest } from '#contract/pull-request/pull-request.ts'
import { decideRun } from '#domains/pull-request/rules.ts'
import * as store from '#domains/pull-request/store.ts'
import { getSync, requestSync } from '#domains/pull-request/sync-store.ts'
import { appendEvent } from '#engine/events.ts'
import { readBranchFile } from '#flows/delivery/branch-file.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import {
  countPullRequests,
  type ListedPullRequest,
  listPullRequests,
} from '#views/pull-requests.ts'
import { keysOf } from './record.ts'

type PullRequestEndpoints =
  | 'listPullRequests'
  | 'getPullRequest'
  | 'approvePullRequest'
  | 'runPullRequest'

export function pullRequestHandlers(deps: Dependencies): SomeHandlers<PullRequestEndpoints> {
  const { db } = deps
  const mustHaveApp = async (app: string): Promise<void> => {
    if (!(await deps.source.stored(app)))
      throw new FairleadError('not_found', { kind: 'app', id: app })
  }
  const mustGet = async (app: string, number: number): Promise<PullRequest> => {
    await mustHaveApp(app)
    const [found] = await listPullRequests(db, app, { number, limit: 1 })
    if (!found) throw new FairleadError('not_found', { kind: `pull request of ${app}`, id: number })
    return toPullRequest(deps, found, await settingsOf(deps, app))
  }
  const mustBeOpen = ({ number, state }: PullRequest): void => {
    if (state !== 'open') refuse(`Pull request ${number} is ${state}`)
  }
  const keysOfStored = async (app: string, number: number) => {
    const stored = await store.getPullRequest(db, app, number)
    return keysOf(app, number, stored?.chain ?? `app/${app}`)
  }
  return {
    listPullRequests: async ({ params: { app }, query }) => {
      await mustHaveApp(app)
      const [sync, { previews }, found, settings] = await Promise.all([
        getSync(db, app),
        countPullRequests(db, app),
        listPullRequests(db, app, query),
        settingsOf(deps, app),
      ])
      const pullRequests = found.map((one) => toPullRequest(deps, one, settings))
      return { ...sync, previews, pullRequests }
    },
    getPullRequest: ({ params }) => mustGet(params.app, params.number),
    approvePullRequest: async ({ params: { app, number }, body }, caller) => {
      const pull = await mustGet(app, number)
      mustBeOpen(pull)
      const { sha, fork } = pull
      if (sha === null) return refuse(`The head of pull request ${number} is not fetched yet`)
      if (!sha.startsWith(body.sha))
        refuse(`The head of pull request ${number} is ${sha.slice(0, 12)}, not ${body.sha}`)
      const [rows] = await db.batch([
        store.approve(app, number, sha, caller.name),
        requestSync(app),
        appendEvent({
          ...(await keysOfStored(app, number)),
          type: 'dev.cdeventsx.fairlead-pullrequest.approved',
          actor: caller,
          data: { pullRequest: number, sha, fork },
        }),
      ])
      if (rows?.length === 0) refuse(`The head of pull request ${number} has just moved`)
      return mustGet(app, number)
    },
    runPullRequest: async ({ params: { app, number } }, caller) => {
      const pull = await mustGet(app, number)
      mustBeOpen(pull)
      const { sha, reason } = pull
      if (sha === null)
        return refuse(
          `The head of pull request ${number} is not fetched: ${reason ?? 'its sync is pending'}`,
        )
      await db.batch([
        store.requestRun(app, number),
        requestSync(app),
        appendEvent({
          ...(await keysOfStored(app, number)),
          type: 'dev.cdeventsx.fairlead-pullrequest.requested',
          actor: caller,
          data: { pullRequest: number, sha },
        }),
      ])
      return mustGet(app, number)
    },
  }
}

function refuse(why: string): never {
  throw new FairleadError('not_now', { why })
}

/** The open pull requests from forks that do not run until somebody approves them. */
export async function waitingForks(deps: Dependencies, app: string): Promise<PullRequest[]> {
  const [found, settings] = await Promise.all([
    listPullRequests(deps.db, app, { state: 'open', limit: 200 }),
    settingsOf(deps, app),
  ])
  return found
    .filter(({ fork }) => fork !== null)
    .map((one) => toPullRequest(deps, one, settings))
    .filter(({ asksApproval, reason }) => asksApproval && reason !== null)
}

/** The settings on the branch; null when fairlead.yaml cannot be read. */
const settingsOf = async (deps: Dependencies, app: string): Promise<PullRequestsFile | null> =>
  (await readBranchFile(deps.source, app).catch(() => null))?.pull_requests ?? null

function toPullRequest(
  deps: Dependencies,
  { ref: _ref, chain: _chain, problem, approvedBy, preview, ...pull }: ListedPullRequest,
  settings: PullRequestsFile | null,
): PullRequest {
  const isOpen = pull.state === 'open'
  const isFork = pull.fork !== null
  const decision =
    isOpen && settings !== null
      ? decideRun({ ...pull, isFork }, settings, deps.isolation.kind === 'confined')
      : null
  const runsUntrusted = decision?.run === true && !decision.isTrusted
  const waitsForApproval = decision?.run === false && decision.asksApproval
  return {
    ...pull,
    reason: isOpen ? (problem ?? (decision?.run === false ? decision.reason : null)) : pull.reason,
    asksApproval: pull.sha !== null && (runsUntrusted || waitsForApproval),
    approved:
      pull.approved === null ? null : { sha: pull.approved, by: approvedBy ?? 'an unknown user' },
    preview: preview && {
      environment: preview.environment,
      url:
        preview.since === null || preview.port === null
          ? null
          : `http://${new URL(deps.publicUrl).hostname}:${preview.port}`,
      sha: preview.sha,
      since: preview.since === null ? null : new Date(preview.since).toISOString(),
    },
  }
}
