import type { Suspect } from '#contract/alert/alert.ts'
import { ownersOf, readCodeowners } from './codeowners.ts'
import { type FailingPlace, isElsewhere, sharedWith } from './place.ts'

/** A commit between the last good release and the one that explains an alert. */
export interface SuspectCommit {
  sha: string
  subject: string
  author: string
  email: string
  files: string[]
}

export interface SuspectFacts {
  /** newest first */
  commits: SuspectCommit[]
  /** who changed the configuration; null when the deployment did not change it */
  configuration: { actor: string; version: number } | null
  /** the text of the CODEOWNERS file; null without one */
  codeowners: string | null
  users: Person[]
  /** the own frames of the trace, the place of the exception first; empty without a trace */
  frames: SuspectFrame[]
  place: FailingPlace
}

/** A user, by what names them in commits. */
export interface Person {
  name: string
  email: string | null
}

/** A frame in a file of the repository. */
export interface SuspectFrame {
  path: string
  line: number | null
  /** the new commit that last changed the line; null when it is older */
  sha: string | null
}

const most = 5

/** Files of which a change rarely breaks what runs. */
const harmless = [
  /(?:^|\/)(?:tests?|specs?|docs?|__tests__|\.github|examples?)\//,
  /[._-](?:test|spec)\.\w{1,10}$/,
  /\.(?:md|txt)$/,
]
/** A commit that changes only such files counts as this part of another one. */
const harmlessPart = 0.1

/** Evidence against the author of a commit: stronger kinds come first, whatever adds up below. */
const weights = { line: 10_000, file: 1000, route: 400, service: 200, owner: 100 }

/**
 * Who wrote what changed, the most likely first: who changed the configuration; who changed a line
 * of the trace, those nearest to the exception first; who changed a file of the trace; who changed
 * a file with the name of the failing route, or of the failing service; authors of files that they
 * also own; other authors, those of more commits first; then other owners of the changed files.
 * Nobody, if nothing changed.
 */
export function suspectsOf(facts: SuspectFacts): Suspect[] {
  const { commits, configuration, users } = facts
  const rules = facts.codeowners === null ? [] : readCodeowners(facts.codeowners)
  const found: Weighed[] = []
  if (configuration) {
    const { actor, version } = configuration
    const user = users.find(({ name }) => same(name, actor))
    const reason = `they changed the configuration to version ${version}`
    found.push({
      ...{ name: actor, email: user?.email ?? null, user: user?.name ?? null },
      ...{ reason, weight: Infinity },
    })
  }
  const byAuthor = Map.groupBy(commits, ({ email, author }) => (email || author).toLowerCase())
  for (const mine of byAuthor.values()) found.push(...authorOf(mine, facts, rules))
  found.push(...ownersWithoutCommits(facts, rules, found))
  return found
    .toSorted((a, b) => b.weight - a.weight)
    .slice(0, most)
    .map(({ name, email, user, reason }) => ({ name, email, user, reason }))
}

type Weighed = Suspect & { weight: number }

/** The author of some commits, weighed; `mine` are in the order of the facts. */
function authorOf(
  mine: SuspectCommit[],
  { commits, users, frames, place }: SuspectFacts,
  rules: ReturnType<typeof readCodeowners>,
): Weighed[] {
  const [newest] = mine
  if (!newest) return []
  const user = userOf(users, newest.author, newest.email)
  const owned = mine
    .flatMap(({ files }) => files)
    .find((file) => ownersOf(rules, file).some((owner) => isOwner(owner, newest, user)))
  const evidence = traceOf(mine, frames) ?? placeOf(mine, place)
  const counted = mine.reduce((sum, one) => sum + partOf(one, place), 0)
  const wrote = evidence?.reason ?? wroteWords(mine, newest, commits.length)
  return [
    {
      ...{ name: newest.author, email: newest.email || null, user: user?.name ?? null },
      reason: owned === undefined ? wrote : `${wrote} and own ${owned}`,
      weight:
        (evidence?.weight ?? 0) +
        (owned === undefined ? 0 : weights.owner) +
        Math.min(counted, weights.owner - 1),
    },
  ]
}

const wroteWords = (mine: SuspectCommit[], newest: SuspectCommit, all: number): string =>
  mine.length === 1
    ? `they wrote ${nameOf(newest)}`
    : `they wrote ${mine.length} of the ${all} new commits, the newest is ${nameOf(newest)}`

const nameOf = ({ sha, subject }: SuspectCommit): string => `${sha.slice(0, 7)} (${subject})`

const isHarmless = (file: string): boolean => harmless.some((one) => one.test(file))

const partOf = ({ files }: SuspectCommit, place: FailingPlace): number =>
  files.length > 0 && files.every((file) => isHarmless(file) || isElsewhere(file, place))
    ? harmlessPart
    : 1

interface Evidence {
  weight: number
  reason: string
}

/** What the failing route or service says about the commits. */
function placeOf(mine: SuspectCommit[], place: FailingPlace): Evidence | null {
  const found = mine.flatMap((commit) =>
    commit.files.flatMap((file) => {
      const shared = isHarmless(file) ? null : sharedWith(file, place)
      if (shared === null) return []
      const reason = `they changed ${file}, ${shared.words}, in ${nameOf(commit)}`
      return [{ weight: weights[shared.kind], reason }]
    }),
  )
  return found.toSorted((one, other) => other.weight - one.weight)[0] ?? null
}

/** What the trace says about the commits: a line of it that they changed, or a file. */
function traceOf(mine: SuspectCommit[], frames: SuspectFrame[]): Evidence | null {
  for (const [i, { sha, path, line }] of frames.entries()) {
    const blamed = mine.find((one) => one.sha === sha)
    if (blamed) {
      const place = `${path}${line === null ? '' : `:${line}`}`
      const reason = `they changed ${place}, where it fails, in ${nameOf(blamed)}`
      return { weight: weights.line / (i + 1), reason }
    }
  }
  for (const [i, { path }] of frames.entries()) {
    const changed = mine.find(({ files }) => files.includes(path))
    if (changed) {
      const reason = `they changed ${path}, which is in the trace, in ${nameOf(changed)}`
      return { weight: weights.file / (i + 1), reason }
    }
  }
  return null
}

function ownersWithoutCommits(
  { commits, users }: SuspectFacts,
  rules: ReturnType<typeof readCodeowners>,
  known: Suspect[],
): Weighed[] {
  const files = [...new Set(commits.flatMap((commit) => commit.files))]
  const owners = new Map<string, string>()
  for (const file of files)
    for (const owner of ownersOf(rules, file)) if (!owners.has(owner)) owners.set(owner, file)
  return [...owners].flatMap(([owner, file]) => {
    const user = users.find(
      ({ name, email }) => same(`@${name}`, owner) || (email !== null && same(email, owner)),
    )
    if (!user || known.some((one) => one.user === user.name)) return []
    const reason = `they own ${file}, which changed`
    return [{ name: user.name, email: user.email, user: user.name, reason, weight: 0.5 }]
  })
}

export const same = (one: string, other: string): boolean =>
  one.toLowerCase() === other.toLowerCase()

/** The user who wrote a commit, by e-mail address or name. */
export const userOf = (users: Person[], author: string, email: string): Person | undefined =>
  users.find((user) => (user.email !== null && same(user.email, email)) || same(user.name, author))

const isOwner = (
  owner: string,
  { email, author }: SuspectCommit,
  user: Person | undefined,
): boolean =>
  [email, `@${author}`, user?.email ?? '', user ? `@${user.name}` : ''].some(
    (one) => one !== '' && one !== '@' && same(one, owner),
  )
