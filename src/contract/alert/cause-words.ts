import type { AlertCause, SuspectRecord } from './alert.ts'

/** Why an alert was over, as one sentence without its full stop. */
export function causeWords({ how, deployment, authors, place }: AlertCause): string {
  const who = authors.length > 3 ? `${authors.length} people` : authors.join(', ')
  const what = how === 'rollback' ? `took back what ${who} wrote` : `brought the fix of ${who}`
  const right = place === null ? 'no suspect is right' : `suspect ${place} is right`
  return `deployment ${deployment} ${what}, and ended it: ${right}`
}

/** How often suspects were right, in sentences. */
export function recordWords({
  days,
  alerts,
  known,
  first,
  firstThree,
  byChance,
  passed,
}: SuspectRecord): string[] {
  if (alerts === 0) return [`No alerts with suspects were over in the last ${days} days`]
  const lines = [
    `In ${days} days, ${alertsOf(alerts)} with suspects ended, ` +
      `${known} of them after a deployment.`,
  ]
  if (known > 0)
    lines.push(
      `The first suspect was right in ${first} of ${known} (by chance: ${byChance.first}), ` +
        `one of the first three in ${firstThree} (by chance: ${byChance.firstThree}).`,
    )
  lines.push(`In ${alertsOf(passed)}, a suspect said that it is not theirs.`)
  return lines
}

const alertsOf = (count: number): string => (count === 1 ? '1 alert' : `${count} alerts`)
