import type { Suspect } from '#contract/alert/alert.ts'
import { z } from 'zod'
import { listUsers } from '#domains/access/user-store.ts'
import type { FailingPlace } from '#domains/alert/place.ts'
import { type SuspectFacts, type SuspectFrame, suspectsOf } from '#domains/alert/suspects.ts'
import { newestEvent } from '#domains/error/store.ts'
import type { Checkouts } from '#domains/source/checkouts.ts'
import { type Releases, showFrames } from '#flows/error/frames.ts'
import { git } from '#platform/git/git.ts'
import { type CommitWithFiles, listCommitsWithFiles } from '#platform/git/log.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { getDeployment } from '#views/deployment.ts'
import { definitionsOf, failingChecks, failingRoutesOf, replacedBy } from '#views/watched.ts'

/** The places of the file, in the order in which forges look for it. */
const places = ['.github/CODEOWNERS', '.gitlab/CODEOWNERS', 'CODEOWNERS', 'docs/CODEOWNERS']
/** Bytes of a CODEOWNERS file, and commits, that are read. */
const limits = { file: 3_000_000, commits: 200 }

export interface OwnersParts {
  db: Database
  source: Pick<Checkouts, 'bareOf'>
}

/** What fires. */
export interface Failing {
  /** numbers of errors and of monitors */
  errors?: number[]
  monitors?: number[]
  service?: string | null
}

/**
 * Who may have caused what a deployment explains: those who wrote what changed since the release
 * that was live before. Nobody, if it was a rollback or if git cannot tell.
 */
export async function findSuspects(
  { db, source }: OwnersParts,
  id: number | null,
  failing: Failing = {},
): Promise<Suspect[]> {
  const deployment = id === null ? null : await getDeployment(db, id)
  if (!deployment || deployment.kind === 'rollback') return []
  const { app, change } = deployment
  const [former, users] = await Promise.all([replacedBy(db, deployment), listUsers(db)])
  const bare = source.bareOf(app)
  const configuration: SuspectFacts['configuration'] =
    deployment.kind === 'configuration'
      ? { actor: deployment.actor, version: deployment.configuration }
      : null
  // At once: each call of git takes long on a busy machine, and people wait for the message.
  const [commits, codeowners, event] = await Promise.all([
    listNew(bare, former, deployment),
    readCodeownersFile(bare, change.sha),
    newestEventOf(db, failing),
  ])
  return suspectsOf({
    ...{ commits, configuration, codeowners },
    users: users.filter(({ disabled }) => disabled === null),
    frames: await framesOf(event, { bare, sha: change.sha, former: former?.sha ?? null }),
    place: await placeOf(db, deployment.release, failing, event),
  })
}

/** The commits that a deployment brought. */
async function listNew(
  bare: string,
  former: { sha: string } | null,
  { environment, change }: NonNullable<Awaited<ReturnType<typeof getDeployment>>>,
): Promise<CommitWithFiles[]> {
  if (former?.sha === change.sha) return []
  if (former)
    return (await listCommitsWithFiles(bare, former.sha, change.sha, limits.commits)) ?? []
  // The first release of an environment has no former one: its newest commit is what is new.
  return environment === '' ? [] : ((await listCommitsWithFiles(bare, null, change.sha, 1)) ?? [])
}

type Event = Awaited<ReturnType<typeof newestEvent>>

const releaseServices = z.object({
  services: z.record(z.string(), z.looseObject({ directory: z.string().default('.') })),
})
const check = z.union([z.string(), z.looseObject({ url: z.string() }).transform(({ url }) => url)])

/** The service that fails, and the routes: of the monitors, and of the request of an event. */
async function placeOf(
  db: Database,
  release: number,
  { monitors = [], service = null }: Failing,
  event: Event,
): Promise<FailingPlace> {
  const [[defined], checks, routes] = await Promise.all([
    definitionsOf(db, [release]),
    failingChecks(db, monitors),
    failingRoutesOf(db, monitors),
  ])
  const parsed = releaseServices.safeParse(defined?.definition)
  const services = Object.entries(parsed.success ? parsed.data.services : {}).map(
    ([name, { directory }]) => ({ name, directory }),
  )
  const addresses = [
    ...routes,
    ...checks.map((one) => check.safeParse(one).data ?? ''),
    event?.details.request?.replace(/^[A-Z]+ /, '') ?? '',
  ]
  return {
    service: services.find(({ name }) => name === service) ?? null,
    others: services.filter(({ name }) => name !== service),
    routes: addresses.flatMap((address) => URL.parse(address, 'http://localhost')?.pathname ?? []),
  }
}

/** The own frames of the newest trace. */
async function framesOf(event: Event, releases: Releases): Promise<SuspectFrame[]> {
  const shown = await showFrames(event?.details.exceptions[0]?.frames ?? [], releases)
  return shown.flatMap(({ path, line, changedBy }) =>
    path === null ? [] : [{ path, line, sha: changedBy?.sha ?? null }],
  )
}

async function readCodeownersFile(bare: string, sha: string): Promise<string | null> {
  const show = async (...args: string[]): Promise<string> =>
    (await git(bare, args).catch(() => null))?.stdout ?? ''
  const listed = await show('ls-tree', '-z', '--end-of-options', sha, '--', ...places)
  const files = listed.split('\0').flatMap((line) => / blob \w+\t(.*)$/.exec(line)?.[1] ?? [])
  const found = places.find((place) => files.includes(place))
  if (found === undefined) return null
  const text = await show('show', '--end-of-options', `${sha}:${found}`)
  return text === '' ? null : text.slice(0, limits.file)
}

async function newestEventOf(db: Database, { errors = [] }: Failing): Promise<Event> {
  const [error] = errors
  return error === undefined ? null : newestEvent(db, error)
}
