import { setTimeout as sleep } from 'node:timers/promises'
import { previewName } from '#contract/pull-request/pull-request.ts'
import { deleteConfigurations } from '#domains/configuration/store.ts'
import { deleteRollouts } from '#domains/switch/rollout-store.ts'
import { deleteSwitches } from '#domains/switch/store.ts'
import { type Action, decide } from '#domains/pull-request/rules.ts'
import { getPullRequest, type StoredPullRequest } from '#domains/pull-request/store.ts'
import { mustHoldClaim, type SyncClaim } from '#domains/pull-request/sync-store.ts'
import { forgetHead, listHeads } from '#domains/source/heads.ts'
import { getChange, type StoredApp } from '#domains/source/store.ts'
import type { Engine } from '#engine/workflow.ts'
import { readBranchFile } from '#flows/delivery/branch-file.ts'
import { queueDelivery } from '#flows/delivery/queue.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { removeEnvironment } from '#flows/deployment/remove-environment.ts'
import { closeAbandoned } from '#flows/upkeep/abandoned.ts'
import { listStandings } from '#views/pull-requests.ts'

export interface Reconciliation {
  deps: Dependencies
  engine: Engine
  /** the claim on the app: nothing is done after another replica takes over */
  claim: SyncClaim
  app: StoredApp
  signal: AbortSignal
}

/** Milliseconds to wait for cancelled runs to end; after that the next sync continues. */
const settleMs = 15_000
const settlePollMs = 200

/**
 * Carries out what `decide` returns until it returns nothing: starts, cancels and removes runs and
 * previews. Returns false when cancelled runs took too long to end.
 */
export async function reconcile(options: Reconciliation): Promise<boolean> {
  const { deps, claim, app, signal } = options
  const bare = deps.source.bareOf(app.name)
  for (const until = performance.now() + settleMs; performance.now() < until;) {
    const file = await readBranchFile(deps.source, app.name)
    const actions = decide({
      settings: file?.pull_requests ?? null,
      isConfined: deps.isolation.kind === 'confined',
      now: deps.clock.now(),
      pulls: await listStandings(deps.db, app.name, await listHeads(bare)),
    })
    if (actions.length === 0) return true
    for (const action of actions) {
      signal.throwIfAborted()
      await deps.db.query(mustHoldClaim(claim))
      await carryOut(options, action)
    }
    if (actions.some(({ kind }) => kind === 'cancel'))
      await sleep(settlePollMs, undefined, { signal })
  }
  return false
}

async function carryOut(options: Reconciliation, action: Action): Promise<void> {
  const { deps, engine, app } = options
  const pull = await getPullRequest(deps.db, app.name, action.number)
  switch (action.kind) {
    case 'start':
      return startRun(options, action, pull)
    case 'cancel':
      await engine.cancel(`delivery/${action.run}`)
      return void (await closeAbandoned(deps.db))
    case 'removePreview':
      return removePreview(options, action, pull)
    case 'deleteHead':
      return forgetHead(deps.source.bareOf(app.name), action.number)
  }
}

async function startRun(
  { deps: { db }, engine, claim, app }: Reconciliation,
  { number, sha, isTrusted }: Extract<Action, { kind: 'start' }>,
  pull: StoredPullRequest | null,
): Promise<void> {
  const change = await getChange(db, app.name, sha)
  if (!change || !pull) return
  const { statements } = await queueDelivery(db, engine, change, {
    actor: pull.author,
    retryOf: null,
    trigger: 'pull_request',
    pullRequest: { number, isTrusted },
  })
  await db.batch([mustHoldClaim(claim), ...statements])
}

async function removePreview(
  { deps, claim, app }: Reconciliation,
  { number, reason }: Extract<Action, { kind: 'removePreview' }>,
  pull: StoredPullRequest | null,
): Promise<void> {
  const name = previewName(number)
  await removeEnvironment(deps, {
    ...{ app: app.name, name, reason, pullRequest: number },
    chain: pull?.chain ?? `app/${app.name}`,
    also: [
      mustHoldClaim(claim),
      deleteConfigurations(app.name, name),
      deleteSwitches(app.name, name),
      deleteRollouts(app.name, name),
    ],
  })
}
