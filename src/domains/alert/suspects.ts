import type { Suspect } from '#contract/alert/alert.ts'
import { ownersOf, readCodeowners } from './codeowners.ts'

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
  users: { name: string; email: string | null }[]
}

const most = 5

/**
 * Who wrote what changed, the most likely first: who changed the configuration; authors of files
 * that they also own; other authors, those of more commits first; then other owners of the changed
 * files. Nobody, if nothing changed.
 */
export function suspectsOf(facts: SuspectFacts): Suspect[] {
  const { commits, configuration, users } = facts
  const rules = facts.codeowners === null ? [] : readCodeowners(facts.codeowners)
  const found: (Suspect & { weight: number })[] = []
  if (configuration) {
    const { actor, version } = configuration
    const user = users.find(({ name }) => same(name, actor))
    const reason = `they changed the configuration to version ${version}`
    found.push({
      ...{ name: actor, email: user?.email ?? null, user: user?.name ?? null },
      ...{ reason, weight: Infinity },
    })
  }
  for (const mine of Map.groupBy(commits, ({ email, author }) =>
    (email || author).toLowerCase(),
  ).values()) {
    const [newest] = mine
    if (!newest) continue
    const user = users.find((one) => isUser(one, newest.author, newest.email))
    const owned = mine
      .flatMap(({ files }) => files)
      .find((file) => ownersOf(rules, file).some((owner) => isOwner(owner, newest, user)))
    const wrote =
      mine.length === 1
        ? `they wrote ${newest.sha.slice(0, 7)} (${newest.subject})`
        : `they wrote ${mine.length} of the ${commits.length} new commits, the newest is ` +
          `${newest.sha.slice(0, 7)} (${newest.subject})`
    found.push({
      ...{ name: newest.author, email: newest.email || null, user: user?.name ?? null },
      reason: owned === undefined ? wrote : `${wrote} and own ${owned}`,
      weight: mine.length + (owned === undefined ? 0 : 1000),
    })
  }
  found.push(...ownersWithoutCommits(facts, rules, found))
  return found
    .toSorted((a, b) => b.weight - a.weight)
    .slice(0, most)
    .map(({ name, email, user, reason }) => ({ name, email, user, reason }))
}

function ownersWithoutCommits(
  { commits, users }: SuspectFacts,
  rules: ReturnType<typeof readCodeowners>,
  known: Suspect[],
): (Suspect & { weight: number })[] {
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

const same = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase()

const isUser = (
  user: { name: string; email: string | null },
  author: string,
  email: string,
): boolean => (user.email !== null && same(user.email, email)) || same(user.name, author)

const isOwner = (
  owner: string,
  { email, author }: SuspectCommit,
  user: { name: string; email: string | null } | undefined,
): boolean =>
  [email, `@${author}`, user?.email ?? '', user ? `@${user.name}` : ''].some(
    (one) => one !== '' && one !== '@' && same(one, owner),
  )
