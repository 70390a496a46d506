import { beforeAll, describe, expect, test } from 'vitest'
import type { SwitchView } from '#contract/switch/switch.ts'
import { timesCharged } from '../bench/night/cards.ts'
import { type Delivered, place } from '../bench/night/delivered.ts'
import { figuresOf } from '../bench/night/forced.ts'
import { type Night, replay } from '../bench/night/replay.ts'
import { requiresIsolation } from './support/isolation.ts'
import { requires } from './support/programs.ts'

/** 18 July 2013 again; docs/night.md says what it is. Limits are generous: machines may be busy. */
describe('the night', { ...requiresIsolation, ...requires('redis-server') }, () => {
  let night: Night
  let recharge: SwitchView
  beforeAll(async () => {
    const read = async ({ installation: { client } }: Delivered): Promise<void> => {
      recharge = await client.getSwitch({ params: { ...place, switch: 'auto-recharge' } })
    }
    night = await replay({ usual: 75, after: 40 }, read)
  }, 300_000)

  test('all replicas need all of the data at once, and cards are charged as on any evening', () => {
    expect(night.resyncs).toBe(2)
    expect(night.usual).toBe(3)
  })

  test('the restart is refused, and nothing happens', () => {
    expect(night.refused).toMatchObject({
      answer:
        'After a restart, redis would not come back: it would be a replica of 127.0.0.1; ' +
        'it is a master now.',
      ...{ role: 'master', charges: 0, failedRequests: 0, pages: 0 },
    })
  })

  test('the harm of a forced restart is stopped, and nobody is charged afterwards', () => {
    const { forced } = night
    expect(forced.wrong.length).toBeGreaterThan(0)
    expect(timesCharged(forced.wrong)[0]?.[1]).toBeLessThanOrEqual(5)
    expect(forced.quiet).toBeGreaterThan(5)
    expect(recharge).toMatchObject({ value: false, pulledBy: 'charged-without-credit' })
  })

  test('the owner, the customers and the support know what happened', () => {
    const { forced } = night
    expect(forced.paged).toBeGreaterThan(forced.restarted)
    expect(forced.status?.state).toMatch(/^(degraded_performance|partial_outage|major_outage)$/)
    expect(forced.lastStatus.text).toMatch(/^About \d+ % of the requests fail; this began on /)
    expect(forced.refunds.toSorted()).toEqual(
      [...new Set(forced.wrong.map(({ account }) => account))].toSorted(),
    )
  })

  test('a review is drafted when the incident is closed', () => {
    expect(night.forced.reviewFacts.length).toBeGreaterThan(3)
  })

  test('the incident has the onset, and the restart is its first suspect', () => {
    const { incident } = night.forced
    expect(incident?.changes[0]?.kind).toBe('restart')
    const onset = figuresOf(night.forced).find(({ name }) => name.includes('onset'))
    expect(onset?.value).toBeLessThanOrEqual(20)
  })
})
