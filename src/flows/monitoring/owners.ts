import type { Suspect } from '#contract/alert/alert.ts'
import { listUsers } from '#domains/access/user-store.ts'
import { type SuspectFacts, suspectsOf } from '#domains/alert/suspects.ts'
import type { Checkouts } from '#domains/source/checkouts.ts'
import { git } from '#platform/git/git.ts'
import { listCommitsWithFiles } from '#platform/git/log.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { getDeployment } from '#views/deployment.ts'
import { replacedBy } from '#views/watched.ts'

/** The places of the file, in the order in which forges look for it. */
const places = ['.github/CODEOWNERS', '.gitlab/CODEOWNERS', 'CODEOWNERS', 'docs/CODEOWNERS']
/** Bytes of a CODEOWNERS file, and commits, that are read. */
const limits = { file: 3_000_000, commits: 200 }

export interface OwnersParts {
  db: Database
  source: Pick<Checkouts, 'bareOf'>
}

/**
 * Who may have caused what a deployment explains: those who wrote what changed since the release
 * that was live before. Nobody, if it was a rollback or if git cannot tell.
 */
export async function findSuspects(
  { db, source }: OwnersParts,
  id: number | null,
): Promise<Suspect[]> {
  const deployment = id === null ? null : await getDeployment(db, id)
  if (!deployment || deployment.kind === 'rollback') return []
  const { app, environment, change } = deployment
  const [former, users] = await Promise.all([replacedBy(db, deployment), listUsers(db)])
  const bare = source.bareOf(app)
  const isSameCode = former?.sha === change.sha
  const commits =
    former === null || isSameCode
      ? []
      : await listCommitsWithFiles(bare, former.sha, change.sha, limits.commits)
  const configuration: SuspectFacts['configuration'] =
    deployment.kind === 'configuration'
      ? { actor: deployment.actor, version: deployment.configuration }
      : null
  // The first release of an environment has no former one: its newest commit is what is new.
  const first =
    former === null && environment !== ''
      ? await listCommitsWithFiles(bare, null, change.sha, 1)
      : null
  return suspectsOf({
    commits: first ?? commits ?? [],
    configuration,
    codeowners: await readCodeownersFile(bare, change.sha),
    users: users.filter(({ disabled }) => disabled === null),
  })
}

async function readCodeownersFile(bare: string, sha: string): Promise<string | null> {
  for (const place of places) {
    const found = await git(bare, ['show', '--end-of-options', `${sha}:${place}`]).catch(() => null)
    if (found) return found.stdout.slice(0, limits.file)
  }
  return null
}
