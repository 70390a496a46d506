import type { FaultTarget } from './target.ts'

/** Chooses so many instances at random, all when there are fewer. */
export function choose(target: FaultTarget, count: number, random: () => number): FaultTarget {
  const left = [...target.instances]
  const instances = Array.from({ length: Math.min(count, left.length) }, () =>
    left.splice(Math.floor(random() * left.length), 1),
  ).flat()
  return { ...target, instances }
}
