import type { Deployment } from '#contract/run/run.ts'
import { listUsers } from '#domains/access/user-store.ts'
import { type Cause, causeOf, type CauseFacts, endedBy, noCause } from '#domains/alert/cause.ts'
import { insertCause } from '#domains/alert/cause-store.ts'
import { listCommitsWithFiles } from '#platform/git/log.ts'
import { type EndedAlert, endedAlerts } from '#views/alert-end.ts'
import { getDeployment } from '#views/deployment.ts'
import { replacedBy } from '#views/watched.ts'
import type { OwnersParts } from './owners.ts'

/** Minutes in which a resolved alert opens again, as `reconcile` has it. */
const reopenMinutes = 15
/** Commits of a deployment that are read. */
const mostCommits = 200

/** Records for each alert that is over who made the change after which it was over. */
export async function recordCauses(parts: OwnersParts): Promise<void> {
  for (const alert of await endedAlerts(parts.db, reopenMinutes)) {
    const { deployment, cause } = await judge(parts, alert)
    await parts.db.query(insertCause(alert.id, deployment, cause))
  }
}

async function judge(
  parts: OwnersParts,
  alert: EndedAlert,
): Promise<{ deployment: number | null; cause: Cause }> {
  const end = alert.isTakenBack ? alert.deployment : (endOf(alert)?.id ?? null)
  const [first, last] = await Promise.all([
    getDeployment(parts.db, alert.deployment),
    end === null ? null : getDeployment(parts.db, end),
  ])
  if (!first || !last) return { deployment: null, cause: noCause }
  const [brought, ended, users] = await Promise.all([
    changedBy(parts, first),
    last.kind === 'rollback' ? undoneBy(parts, last) : changedBy(parts, last),
    listUsers(parts.db),
  ])
  const how = alert.isTakenBack || last.kind === 'rollback' ? 'rollback' : 'fix'
  const { suspects } = alert
  return { deployment: end, cause: causeOf({ suspects, users, brought, ended: { ...ended, how } }) }
}

const endOf = ({ over, lastError, later }: EndedAlert) =>
  endedBy(
    { over: Date.parse(over), lastError: lastError === null ? null : Date.parse(lastError) },
    later.map(({ id, live }) => ({ id, live: Date.parse(live) })),
  )

type Changed = CauseFacts['brought']

/** What a deployment changed. */
async function changedBy({ db, source }: OwnersParts, one: Deployment): Promise<Changed> {
  if (one.kind === 'configuration') return { commits: [], configuration: one.actor }
  const former = await replacedBy(db, one)
  const bare = source.bareOf(one.app)
  const commits = former
    ? await listCommitsWithFiles(bare, former.sha, one.change.sha, mostCommits)
    : await listCommitsWithFiles(bare, null, one.change.sha, 1)
  return { commits: commits ?? [], configuration: null }
}

/** What a rollback took back. */
async function undoneBy({ db, source }: OwnersParts, one: Deployment): Promise<Changed> {
  const former = await replacedBy(db, one)
  if (!former) return { commits: [], configuration: null }
  if (former.kind === 'configuration') return { commits: [], configuration: former.actor }
  const bare = source.bareOf(one.app)
  const commits = await listCommitsWithFiles(bare, one.change.sha, former.sha, mostCommits)
  return { commits: commits ?? [], configuration: null }
}
