import type { HostSecond, InstanceUsage } from '#contract/host/measurements.ts'

/** Shares above which the machine itself explains harm. */
const full = { cpu: 0.95, memory: 0.95, disk: 0.97 }
/** The time before the harm in which the machine may have become full, in milliseconds. */
const shortlyMs = 60_000

const words = { cpu: 'was busy', memory: 'was out of memory', disk: 'had a full disk' }

/** What the machine lacked when harm began. */
export interface FullMachine {
  /** one sentence without its full stop */
  reason: string
  /** the instance that used most of it; null when no service did */
  most: Pick<InstanceUsage, 'app' | 'environment' | 'service'> | null
}

/**
 * What the machine lacked around the time when harm began; null when it lacked nothing, or when
 * that is not known. `from` and the times of the seconds are in milliseconds.
 */
export function fullMachine(seconds: HostSecond[], from: number): FullMachine | null {
  const samples = seconds.flatMap(({ at, usage }) => (usage ? [{ at, ...usage }] : []))
  const during = samples.filter(({ at }) => at >= from - shortlyMs)
  const before = samples.filter(({ at }) => at < from - shortlyMs)
  for (const kind of ['memory', 'disk', 'cpu'] as const) {
    const now = shareOf(during, kind)
    if (now === null || now < full[kind]) continue
    const former = shareOf(before, kind)
    const most = kind === 'disk' ? null : mostOf(during.at(-1)?.instances ?? [], kind)
    const than = former === null ? '' : `, ${percent(former)} before`
    const by = most ? `; ${most.service} of ${most.app} in ${most.environment} used most of it` : ''
    return { reason: `the machine ${words[kind]} (${percent(now)}${than})${by}`, most }
  }
  return null
}

type Sample = NonNullable<HostSecond['usage']>

/** The mean share that is in use; null without samples. */
function shareOf(samples: Sample[], kind: keyof typeof full): number | null {
  const shares = samples.flatMap(({ machine }) => {
    if (kind === 'cpu') return machine.cpu ?? []
    return kind === 'memory'
      ? machine.memory / machine.memoryTotal
      : machine.disk / machine.diskTotal
  })
  return shares.length === 0 ? null : shares.reduce((sum, one) => sum + one, 0) / shares.length
}

/** The instance that uses the most, if it uses more than all others together. */
function mostOf(instances: InstanceUsage[], kind: 'cpu' | 'memory'): InstanceUsage | null {
  const used = (one: InstanceUsage): number => one[kind] ?? 0
  const [first] = instances.toSorted((one, other) => used(other) - used(one))
  const all = instances.reduce((sum, one) => sum + used(one), 0)
  return first && used(first) * 2 > all ? first : null
}

const percent = (share: number): string => `${Math.round(share * 100)} %`
