import type { CheckIn } from '#domains/forge/check-in.ts'
import { forgeOf } from '#domains/forge/registry.ts'
import type { DeliveryResult, PendingDelivery } from '#domains/forge/webhook-store.ts'
import type { Push } from '#domains/source/push.ts'
import type { Received } from '#domains/source/receive.ts'
import type { StoredApp } from '#domains/source/store.ts'
import type { Actor } from '#contract/event/event.ts'

/** Milliseconds for which a delivery retries a repository that cannot be read. */
const retryFor = 24 * 3_600_000

/** The actor of a sync: the forge, on behalf of the person who pushed last. */
export function actorOf(waiting: PendingDelivery[]): Actor {
  const [first] = waiting
  if (!first) return 'fairlead'
  const pushes = waiting.flatMap(({ checkIns }) => checkIns).filter((one) => one.kind === 'push')
  const by = pushes.findLast((one) => one.by !== undefined)?.by
  const { address } = waiting.at(-1) ?? first
  return {
    name: first.forge,
    by: { credential: 'webhook', address, ...(by === undefined ? {} : { onBehalfOf: by }) },
  }
}

/** The pushes that the deliveries announce, with the people whom the forge names. */
export const pushesOf = (waiting: PendingDelivery[]): Push[] =>
  waiting
    .flatMap(({ checkIns }) => checkIns)
    .flatMap((one) =>
      one.kind === 'push'
        ? {
            ...{ ref: one.ref, sha: one.after },
            person: one.by === undefined ? null : { name: one.by, email: one.email ?? null },
          }
        : [],
    )

export const pullRequestOf = (delivery: PendingDelivery) =>
  delivery.checkIns.find((checkIn) => checkIn.kind === 'pull_request') ?? null

/**
 * The result of a delivery that needs no sync of the branch; null when it needs one. A delivery of
 * a sender that this version does not have fails.
 */
export function decideWithoutSync(
  delivery: PendingDelivery,
  { branch, repository }: Pick<StoredApp, 'branch' | 'repository'>,
): DeliveryResult | null {
  const { number } = delivery
  if (delivery.checkIns.some((checkIn) => isOfBranch(checkIn, branch))) return null
  const end = (state: DeliveryResult['state'], outcome: string): DeliveryResult => ({
    ...{ number, state, outcome, change: null },
  })
  const pull = pullRequestOf(delivery)
  if (pull === null) return end(...withoutPullRequest(delivery.checkIns, branch))
  if (repository.kind === 'hosted')
    return end('ignored', 'a repository that Fairlead hosts has no pull requests')
  try {
    if (!forgeOf(delivery.forge).pullRequestRef)
      return end('ignored', 'pull requests of this sender cannot be fetched')
  } catch (error) {
    return end('failed', (error as Error).message)
  }
  const state = `pull request ${pull.number} is ${pull.state}`
  if (pull.base.branch !== branch)
    return end('ignored', `${state}; its base ${pull.base.branch} is not delivered`)
  return end('done', `${state}; its sync was requested`)
}

function withoutPullRequest([first]: CheckIn[], branch: string): ['done' | 'ignored', string] {
  if (first?.kind === 'ping') return ['done', 'a test delivery; the webhook works']
  if (first?.kind === 'push') return ['ignored', `not a push to ${branch}, the delivered branch`]
  if (first?.kind === 'other') return ['ignored', `${first.what} is not a commit`]
  return ['ignored', 'it announces no commit']
}

/** The result of a delivery after a sync of the branch. */
export function decideAfterSync(
  delivery: PendingDelivery,
  branch: string,
  { decision }: Pick<Received, 'decision'>,
): DeliveryResult {
  const push = delivery.checkIns.find(
    (checkIn) => checkIn.kind === 'push' && isOfBranch(checkIn, branch),
  )
  const after = push?.kind === 'push' ? push.after : null
  const change = 'sha' in decision ? decision.sha : null
  const outcome = (): string => {
    if (decision.kind === 'branch_deleted') return `${branch} was deleted; services keep running`
    if (change === null) return `${branch} has no commit`
    if (after !== null && after !== change) return `${branch} has moved to a newer commit`
    return decision.kind === 'new_change' ? 'a new change' : 'already known'
  }
  return { number: delivery.number, state: 'done', outcome: outcome(), change }
}

/** The result after the repository could not be read: pending until the next try, or failed. */
export function decideAfterFailure(
  { number, received }: PendingDelivery,
  now: number,
  outcome: string,
): DeliveryResult {
  const isOver = now - new Date(received).getTime() > retryFor
  return { number, state: isOver ? 'failed' : 'pending', outcome, change: null }
}

/** CloudEvents name no branch: they count as pushes to every one. */
const isOfBranch = (checkIn: CheckIn, branch: string): boolean =>
  checkIn.kind === 'push' &&
  (checkIn.ref === `refs/heads/${branch}` || checkIn.ref === 'refs/heads')

/** Whether two apps are delivered from the same repository. */
export const isSameRepository = (one: StoredApp, other: StoredApp): boolean =>
  one.repository.kind !== 'hosted' &&
  JSON.stringify(one.repository) === JSON.stringify(other.repository)
