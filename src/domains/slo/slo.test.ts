import { expect, test } from 'vitest'
import type { HostSecond } from '#contract/host/measurements.ts'
import { pipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { countSeconds, indicatorText } from './count.ts'
import { wantedSlos } from './plan.ts'

const at = Date.UTC(2026, 10, 29, 12)
const second = (number: number, more: Partial<HostSecond['traffic'][number]> = {}): HostSecond => ({
  ...{ number, at: at + number * 1000 },
  traffic: [
    {
      ...{ app: 'shop', environment: 'production', release: 1, service: 'web', bytes: 0 },
      ...{ outcomes: { '2xx': 8, '5xx': 1, broken: 1, left: 5 } },
      // Two requests of 0.71 to 1 ms, four of 1 to 1.41 ms, and one that is slower than all bounds.
      latency: { requests: 7, sum: 0, squares: 0, buckets: { 4: 2, 5: 4, 37: 1 } },
      ...more,
    },
  ],
})
const indicator = { app: 'shop', environment: 'production', service: 'web', below: null }

test('counts requests and bad ones by the minute', () => {
  const others = [second(1, { service: 'api' }), second(2, { app: 'bank' })]
  expect(countSeconds([indicator], [second(1), second(59), second(60), ...others])).toEqual([
    { ...indicator, at, requests: 20, bad: 4 },
    { ...indicator, at: at + 60_000, requests: 10, bad: 2 },
  ])
  const all = { ...indicator, service: null }
  expect(countSeconds([all], [second(1), ...others])).toMatchObject([{ requests: 20 }])
  expect(countSeconds([indicator], [second(1, { outcomes: { left: 3 } })])).toEqual([])
})

test('counts slow requests, and interpolates between the bounds', () => {
  const badBelow = (below: number) => countSeconds([{ ...indicator, below }], [second(1)])[0]?.bad
  expect(badBelow(1)).toBeCloseTo(5)
  expect(badBelow(1.2071)).toBeCloseTo(3)
  expect(badBelow(100)).toBeCloseTo(1)
})

test('an indicator is named by its service and its bound', () => {
  expect(indicatorText({ service: null, below: null })).toBe('*/availability')
  expect(indicatorText({ service: 'web', below: 300 })).toBe('web/latency 300')
})

test('the last environment has the objectives, unless they name others', () => {
  const definition = pipelineFile.parse({
    environments: { dev: {}, live: {} },
    slo: {
      up: 99.9,
      fast: { latency: { below: '300ms' }, environments: ['dev', 'live'], window: '7d' },
    },
  })
  const namesIn = (environment: string) =>
    wantedSlos({ app: 'shop', environment }, definition).map(({ name }) => name)
  expect([namesIn('live'), namesIn('dev')]).toEqual([['up', 'fast'], ['fast']])
  expect(wantedSlos({ app: 'shop', environment: 'dev' }, definition)[0]?.settings).toEqual({
    ...{ objective: 0.99, below: 300, window: 7 * 86_400_000 },
  })
  expect(wantedSlos({ app: 'shop', environment: 'dev' }, {})).toEqual([])
})
