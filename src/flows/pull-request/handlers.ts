import { FairleadError } from '#contract/errors.ts'
import type { SomeHandlers } from '#contract/handler.ts'
import type { PullRequestsFile } from '#contract/pipeline-file/pipeline-file.ts'
import type { PullRequest } from '#contract/pull-request/pull-request.ts'
import { decideLeave } from '#domains/pull-request/rules.ts'
import * as store from '#domains/pull-request/store.ts'
import { appendEvent } from '#engine/events.ts'
import { readBranchFile } from '#flows/delivery/branch-file.ts'
import type { Dependencies } from '#flows/dependencies.ts'

type PullRequestEndpoints =
  | 'listPullRequests'
  | 'getPullRequest'
  | 'approvePullRequest'
  | 'runPullRequest'

export function pullRequestHandlers(deps: Dependencies): SomeHandlers<PullRequestEndpoints> {
  const { db } = deps
  const mustBeThere = async (app: string): Promise<void> => {
    if (!(await deps.source.stored(app)))
      throw new FairleadError('not_found', { kind: 'app', id: app })
  }
  const mustGet = async (app: string, number: number): Promise<PullRequest> => {
    await mustBeThere(app)
    const [found] = await store.listPullRequests(db, app, { number, limit: 1 })
    if (!found) throw new FairleadError('not_found', { kind: `pull request of ${app}`, id: number })
    return toPullRequest(deps, found, await settingsOf(deps, app))
  }
  const mustBeOpen = (pull: PullRequest): void => {
    if (pull.state !== 'open')
      throw new FairleadError('not_now', { why: `Pull request ${pull.number} is ${pull.state}` })
  }
  return {
    listPullRequests: async ({ params: { app }, query }) => {
      await mustBeThere(app)
      const [look, found, settings] = await Promise.all([
        store.getLook(db, app),
        store.listPullRequests(db, app, query),
        settingsOf(deps, app),
      ])
      return { ...look, pullRequests: found.map((one) => toPullRequest(deps, one, settings)) }
    },
    getPullRequest: ({ params }) => mustGet(params.app, params.number),
    approvePullRequest: async ({ params: { app, number }, body }, caller) => {
      const pull = await mustGet(app, number)
      mustBeOpen(pull)
      if (pull.sha === null || !pull.sha.startsWith(body.sha)) {
        const head = pull.sha === null ? 'not known yet' : pull.sha.slice(0, 12)
        throw new FairleadError('not_now', {
          why: `The head of pull request ${number} is ${head}, not ${body.sha}`,
        })
      }
      const chain = (await store.getPullRequest(db, app, number))?.chain ?? `app/${app}`
      const [rows] = await db.batch([
        store.approve(app, number, pull.sha, caller.name),
        store.askForLook(app),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-pullrequest.approved',
          subject: `pull-request/${number}`,
          chain,
          app,
          actor: caller,
          data: { pullRequest: number, sha: pull.sha, fork: pull.fork },
        }),
      ])
      if (rows?.length === 0)
        throw new FairleadError('not_now', {
          why: `The head of pull request ${number} has just moved`,
        })
      return mustGet(app, number)
    },
    runPullRequest: async ({ params: { app, number } }, caller) => {
      const pull = await mustGet(app, number)
      mustBeOpen(pull)
      if (pull.sha === null)
        throw new FairleadError('not_now', {
          why: `The head of pull request ${number} is not here: ${pull.reason ?? 'it was not fetched yet'}`,
        })
      const chain = (await store.getPullRequest(db, app, number))?.chain ?? `app/${app}`
      await db.batch([
        store.bringBack(app, number),
        store.askForLook(app),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-pullrequest.requested',
          subject: `pull-request/${number}`,
          chain,
          app,
          actor: caller,
          data: { pullRequest: number, sha: pull.sha },
        }),
      ])
      return mustGet(app, number)
    },
  }
}

const settingsOf = async (deps: Dependencies, app: string): Promise<PullRequestsFile | null> =>
  (await readBranchFile(deps.source, app).catch(() => null))?.pull_requests ?? null

function toPullRequest(
  deps: Dependencies,
  one: store.Listed,
  settings: PullRequestsFile | null,
): PullRequest {
  const isOpen = one.state === 'open'
  const isFork = one.fork !== null
  const leave =
    isOpen && settings !== null
      ? decideLeave({ ...one, isFork }, settings, deps.isolation.kind === 'confined')
      : null
  const isStranger = leave?.run === true && !leave.isTrusted
  const { preview } = one
  return {
    app: one.app,
    number: one.number,
    title: one.title,
    author: one.author,
    state: one.state,
    isDraft: one.isDraft,
    sha: one.sha,
    branch: one.branch,
    fork: one.fork,
    base: one.base,
    url: one.url,
    created: one.created,
    active: one.active,
    closed: one.closed,
    reason: isOpen ? (one.problem ?? (leave?.run === false ? leave.reason : null)) : one.reason,
    asksApproval: one.sha !== null && (isStranger || (leave?.run === false && leave.asksApproval)),
    approved:
      one.approved === null ? null : { sha: one.approved, by: one.approvedBy ?? 'somebody' },
    run: one.run,
    preview: preview && {
      environment: preview.environment,
      url:
        preview.since === null
          ? null
          : `http://${new URL(deps.publicUrl).hostname}:${preview.port}`,
      sha: preview.sha,
      since: preview.since === null ? null : new Date(preview.since).toISOString(),
    },
  }
}
