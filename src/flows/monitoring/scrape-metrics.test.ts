import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Caller } from '#contract/handler.ts'
import type { CheckedMonitor } from '#domains/monitor/judge.ts'
import { systemClock } from '#platform/clock.ts'
import { createLogger } from '#platform/log.ts'
import metric from '#platform/monitor/kinds/metric.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { storeLiveRelease } from '../../../test/support/live-release.ts'
import { testDatabase } from '../../../test/support/postgres.ts'
import { ScrapeMetrics } from './scrape-metrics.ts'
import { serverIo } from './server-io.ts'
import { signalHandlers } from './signal-handlers.ts'

let db: Database
let close: () => Promise<void>
beforeAll(async () => {
  ;({ db, close } = await testDatabase())
  const services = { web: { run: 'x', metrics: '/metrics' }, worker: 'y' }
  await storeLiveRelease(db, 'live', { services })
})
afterAll(() => close())

test('metrics of a service are stored every ten seconds, watched and listed', async () => {
  const start = Math.floor(Date.now() / 60_000) * 60_000 - 600_000
  let now = start
  let text: string | null = ''
  const scrape = new ScrapeMetrics({
    ...{ db, log: createLogger(() => undefined), now: () => now },
    read: async ({ service, path }) => {
      expect([service, path]).toEqual(['web', '/metrics'])
      return [{ instance: 'web/0/1', text }]
    },
  })
  for (let i = 0; i < 12; i += 1) {
    now = start + i * 10_000 + 1000
    text = `orders_total{kind="a"} ${i * 20}\norders_total{kind="b"} ${i * 10}\nerrors ${i}\n`
    await scrape.run()
    // The same ten seconds count once.
    now += 5000
    await scrape.run()
  }
  now += 10_000
  text = null
  await scrape.run()
  now += 15_000
  const monitor = { app: 'shop', environment: 'live', service: null } as CheckedMonitor
  const { signal } = new AbortController()
  const io = serverIo({ db, now: () => now, fetch }, monitor, signal)
  const check = (of: string, above: number) =>
    metric.onServer?.(metric.settings.parse({ of, above }), io)
  expect(await check('orders_total{kind="a"}', 1.9)).toEqual({
    ...{ state: 'degraded', reason: 'orders_total{kind="a"} is 2, above 1.9' },
  })
  expect(await check('sum(orders_total)', 3)).toMatchObject({ state: 'up' })
  expect(await check('sum(orders_total)', 2.9)).toMatchObject({ state: 'degraded' })
  expect(await check('orders_total{kind="c"}', 1)).toMatchObject({ state: 'unknown' })
  // A metric may have the name of a signal, which was not measured.
  expect(await check('errors', 1)).toMatchObject({ state: 'unknown' })
  expect(await check('errors{}', 1)).toMatchObject({ state: 'degraded' })

  const clock = { ...systemClock, now: () => now }
  const { listMetrics } = signalHandlers({ db, clock, budget: 1 })
  const list = (query: object) =>
    listMetrics(
      { params: { app: 'shop' }, query: { minutes: 5, ...query }, body: {} },
      {} as Caller,
      signal,
    )
  const { names, series } = await list({ metric: 'orders_total' })
  expect(names).toEqual(['errors', 'orders_total', 'up'])
  expect(series.map(({ labels, unit }) => [labels, unit])).toEqual([
    [{ kind: 'a' }, 'per second'],
    [{ kind: 'b' }, 'per second'],
  ])
  expect(series[0]?.values.filter((value) => value !== null)).toEqual(Array(11).fill(2))
  const known = (await list({ metric: 'up' })).series[0]?.values.filter((value) => value !== null)
  expect([known?.length, known?.at(-1)]).toEqual([13, 0])
  await expect(list({ metric: 'x{y' })).rejects.toThrow('metric')
})
