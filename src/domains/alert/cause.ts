import type { Suspect, SuspectRecord } from '#contract/alert/alert.ts'
import { type Person, type SuspectCommit, same, userOf } from './suspects.ts'

/** An author of a change, in the words of git, with their user. */
export type Author = Pick<Suspect, 'name' | 'email' | 'user'>

/** A deployment that went live between the beginning and the resolution of an alert. */
export interface LaterDeployment {
  id: number
  /** milliseconds */
  live: number
}

export interface AlertEnd {
  /** when its last source ended, or a person resolved it; in milliseconds */
  over: number
  /** when its errors were last seen, if nothing but errors fired; otherwise null */
  lastError: number | null
}

/** A release that lost the traffic still answers its last requests, in milliseconds. */
const drainMs = 60_000

/**
 * The deployment after which an alert was over: the last one that went live before. An error is
 * over only some time after it was last seen, so it is the first one since then.
 */
export function endedBy(
  { over, lastError }: AlertEnd,
  deployments: LaterDeployment[],
): LaterDeployment | null {
  const before = deployments
    .filter(({ live }) => live <= over)
    .toSorted((one, other) => one.live - other.live)
  return lastError === null
    ? (before.at(-1) ?? null)
    : (before.find(({ live }) => live >= lastError - drainMs) ?? null)
}

export interface CauseFacts {
  suspects: Suspect[]
  users: Person[]
  /** what the deployment changed that explains the alert */
  brought: Changed
  /** what the deployment changed after which it was over, or what a rollback took back */
  ended: Changed & { how: 'fix' | 'rollback' }
}

interface Changed {
  commits: SuspectCommit[]
  /** who changed the configuration; null when nobody did */
  configuration: string | null
}

export interface Cause {
  how: 'fix' | 'rollback' | 'none'
  authors: Author[]
  /** of the first suspect who is one of the authors, from 1; null when nobody is */
  place: number | null
  /** the probability that random authors of the changes contain an author: of one, and of three */
  chance: { first: number; three: number }
}

export const noCause: Cause = {
  ...{ how: 'none', authors: [], place: null },
  chance: { first: 0, three: 0 },
}

/**
 * Who caused an alert, as far as its end tells: the authors of what was rolled back, or those of
 * the fix. Of a fix, only the commits count that change a file which the alert's deployment
 * changed, if there are any; a commit that reverts another one names the author of that one.
 */
export function causeOf({ suspects, users, brought, ended }: CauseFacts): Cause {
  const authors = authorsOf(ended.how === 'rollback' ? ended : fixOf(ended, brought), users)
  if (authors.length === 0) return noCause
  const place = suspects.findIndex((one) => authors.some((author) => isSame(one, author)))
  const candidates = authorsOf(brought, users)
  const right = candidates.filter((one) => authors.some((author) => isSame(one, author))).length
  return {
    ...{ how: ended.how, authors, place: place === -1 ? null : place + 1 },
    chance: {
      first: chanceOf(candidates.length, right, 1),
      three: chanceOf(candidates.length, right, 3),
    },
  }
}

function fixOf({ commits, configuration }: Changed, brought: Changed): Changed {
  const files = new Set(brought.commits.flatMap((one) => one.files))
  const near = commits.filter((one) => one.files.some((file) => files.has(file)))
  const found = (near.length > 0 ? near : commits).map((one) => {
    const subject = /^Revert "(.*)"$/.exec(one.subject)?.[1]
    return brought.commits.find((reverted) => reverted.subject === subject) ?? one
  })
  return { commits: found, configuration }
}

function authorsOf({ commits, configuration }: Changed, users: Person[]): Author[] {
  const named = commits.map(({ author, email }): Author => {
    const user = userOf(users, author, email)?.name ?? null
    return { name: author, email: email || null, user }
  })
  if (configuration !== null) {
    const user = users.find(({ name }) => same(name, configuration))
    named.push({ name: configuration, email: user?.email ?? null, user: user?.name ?? null })
  }
  return named.filter((one, i) => named.findIndex((other) => isSame(one, other)) === i)
}

function isSame(one: Author, other: Author): boolean {
  if (one.user !== null && one.user === other.user) return true
  if (one.email !== null && other.email !== null) return same(one.email, other.email)
  return same(one.name, other.name)
}

/** The probability that `drawn` of `all` people contain one of those who are right. */
function chanceOf(all: number, right: number, drawn: number): number {
  let none = 1
  for (let i = 0; i < Math.min(drawn, all); i += 1) none *= Math.max(0, all - right - i) / (all - i)
  return 1 - none
}

/** An alert with suspects that is over. */
export interface JudgedAlert {
  how: Cause['how']
  place: number | null
  chanceFirst: number
  chanceThree: number
  /** a suspect said that it is not theirs */
  isPassed: boolean
}

/** How often suspects were right. */
export function recordOf(alerts: JudgedAlert[], days: number): SuspectRecord {
  const known = alerts.filter(({ how }) => how !== 'none')
  const within = (most: number): number =>
    known.filter(({ place }) => place !== null && place <= most).length
  const sum = (chance: (one: JudgedAlert) => number): number =>
    Math.round(10 * known.reduce((all, one) => all + chance(one), 0)) / 10
  return {
    ...{ days, alerts: alerts.length, known: known.length },
    ...{ first: within(1), firstThree: within(3) },
    byChance: {
      first: sum(({ chanceFirst }) => chanceFirst),
      firstThree: sum(({ chanceThree }) => chanceThree),
    },
    passed: alerts.filter(({ isPassed }) => isPassed).length,
  }
}
