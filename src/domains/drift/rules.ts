import type { Drift, DriftDifference, FoundDifference } from '#contract/drift/drift.ts'
import type { Rehearsal } from '#contract/rehearsal/rehearsal.ts'

/** When an environment is checked next, in milliseconds since 1970; `began`: it went live. */
export const nextCheck = (last: number | null, began: number, period: number): number =>
  Math.max(last ?? 0, began) + period

/** What a check changes in the list of an environment. */
export interface DriftChanges {
  opened: FoundDifference[]
  kept: { id: number; difference: FoundDifference }[]
  resolved: Drift[]
}

/** The differences that a check found, and whether it would have found a known one. */
export interface FoundDrift {
  release: number
  differences: FoundDifference[]
  compared(one: Drift): boolean
}

/**
 * Compares the differences of an environment with those of a check. What a check did not compare is
 * not resolved. Pure.
 */
export function reconcileDrift(
  known: Drift[],
  { release, differences, compared }: FoundDrift,
): DriftChanges {
  const here = new Map(
    known.filter((one) => one.release === release).map((one) => [keyOf(one), one]),
  )
  const found = new Map(differences.map((one) => [keyOf(one), one]))
  return {
    opened: [...found].flatMap(([key, one]) => (here.has(key) ? [] : [one])),
    kept: [...found].flatMap(([key, difference]) => {
      const id = here.get(key)?.id
      return id === undefined ? [] : [{ id, difference }]
    }),
    resolved: known.filter(
      (one) => one.release !== release || (compared(one) && !found.has(keyOf(one))),
    ),
  }
}

const keyOf = (one: Pick<FoundDifference, 'service' | 'kind' | 'name' | 'machine' | 'place'>) =>
  [one.service ?? '', one.machine ?? '', one.kind, one.name, one.place ?? ''].join('\0')

/**
 * The effective settings of which the last rehearsals of a release found another value on disk.
 * `starts`: when the oldest process of a service started; a rehearsal before that says nothing.
 */
export function settingDifferences(
  rehearsals: Pick<Rehearsal, 'service' | 'release' | 'differences' | 'ended'>[],
  release: number,
  starts: ReadonlyMap<string, number>,
): DriftDifference[] {
  return rehearsals
    .filter((one) => one.release === release)
    .filter(({ service, ended }) => Date.parse(ended) > (starts.get(service) ?? 0))
    .flatMap(({ service, differences }) =>
      differences
        .filter(({ kind }) => kind === 'setting')
        .map(({ name, now, after, isSecret }) => ({
          ...{ service, kind: 'setting' as const, name, declared: null, isSecret },
          disk: isSecret ? 'secret 1' : after,
          running: isSecret ? 'secret 2' : now,
          ...{ atRestart: true, remedy: 'manual' as const, changed: null },
        })),
    )
}

/** The first differences, for an event. */
export const listedOf = (
  all: Pick<FoundDifference, 'service' | 'kind' | 'name' | 'machine'>[],
): Pick<FoundDifference, 'service' | 'kind' | 'name' | 'machine'>[] =>
  all.slice(0, 10).map(({ service, kind, name, machine }) => ({
    ...{ service, kind, name },
    ...(machine ? { machine } : {}),
  }))

/** Why a difference cannot be put right by Fairlead, or null. */
export function refusalOfRepair({ remedy, name }: Pick<Drift, 'remedy' | 'name'>): string | null {
  if (remedy === 'deploy')
    return `Only a new deployment of this environment brings the declared value of ${name}`
  if (remedy === 'manual')
    return `No value of ${name} is declared: change it on disk, or in the process that runs`
  return null
}
