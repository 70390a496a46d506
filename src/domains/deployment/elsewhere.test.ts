import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { keptInBoth, keptWords, onceServices, silentWords, targetsElsewhere } from './elsewhere.ts'
import type { OpenTarget } from './open-targets.ts'

const on = (...hostNames: string[]): OpenTarget => {
  const title = `services on ${hostNames.join(', ') || 'this machine'}`
  const several = { names: hostNames, on: (names: string[]) => on(...names) }
  return {
    ...{ id: `process ${hostNames.join(',')}`, title, hostNames },
    ...(hostNames.length > 1 ? { hosts: several } : {}),
  } as unknown as OpenTarget
}

const hosts = ['', 'web-1', 'web-2']

/** A deployment to a host, and which hosts are away when it begins and when it ends. */
interface Deployment {
  to: string
  hasWorker: boolean
  fails: boolean
  away: string[]
  awayAtEnd: string[]
}
const deployment = fc.record<Deployment>({
  to: fc.constantFrom(...hosts),
  hasWorker: fc.boolean(),
  fails: fc.boolean(),
  away: fc.subarray(hosts),
  awayAtEnd: fc.subarray(hosts),
})

/** What a sequence of deployments leaves running, by the rules of this file. */
function runs(deployments: Deployment[]): void {
  const holds = new Set<string>()
  const workers = new Set<string>()
  let live: string | null = null
  for (const { to, hasWorker, fails, away, awayAtEnd } of deployments) {
    if (away.includes(to)) continue
    holds.add(to)
    const elsewhere = targetsElsewhere(open(to), [...holds].map(open))
    if (hasWorker) {
      const hostOf = ({ hostNames }: OpenTarget): string => hostNames[0] ?? ''
      const silent = elsewhere.some((one) => away.includes(hostOf(one)))
      for (const one of elsewhere) if (!away.includes(hostOf(one))) workers.delete(hostOf(one))
      if (silent) continue
      workers.add(to)
      expect(workers.size).toBe(1)
    }
    if (fails) {
      workers.delete(to)
      continue
    }
    if (!hasWorker) workers.delete(to)
    if (live !== null && live !== to && !awayAtEnd.includes(live)) {
      holds.delete(live)
      workers.delete(live)
    }
    live = to
  }
}
const open = (host: string): OpenTarget => (host === '' ? on() : on(host))

describe('a service that never runs twice', () => {
  test('runs on one host at most, whatever moves, fails or is away', () => {
    fc.assert(fc.property(fc.array(deployment, { maxLength: 12 }), runs), { numRuns: 500 })
  })

  test('is stopped on every other target, and on the hosts that its own does not have', () => {
    const ids = (own: OpenTarget, holding: OpenTarget[]) =>
      targetsElsewhere(own, holding).map(({ id }) => id)
    expect(ids(on('a'), [on(), on('a'), on('b')])).toEqual(['process ', 'process b'])
    expect(ids(on('a'), [on('a', 'b')])).toEqual(['process b'])
    expect(ids(on(), [on()])).toEqual([])
  })

  test('names itself, and what to do', () => {
    const service = { keeps: false, single: false }
    const services = { web: service, mailer: { ...service, single: true } }
    expect(onceServices(services)).toEqual(['mailer'])
    expect(silentWords(['mailer'], on('web-1'))).toContain('`fairlead hosts remove web-1 --forget`')
    expect(silentWords(['mailer'], on())).not.toContain('forget')
  })

  test('does not move when it keeps data', () => {
    const redis = { redis: { keeps: true, single: false } }
    expect(keptInBoth(redis, redis)).toEqual(['redis'])
    expect(keptInBoth({}, redis)).toEqual([])
    expect(keptInBoth(redis, {})).toEqual([])
    expect(keptWords('redis', 'a host')).toContain('without redis first')
  })
})
