import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseExposition, parseTypes } from '#platform/net/exposition.ts'
import { labelsOf, labelsText, metricValues, type Scraped, withinLimit } from './metrics.ts'

const scraped = (text: string, process = 'web/0/1', index = 0): Scraped => ({
  ...{ index, process, points: parseExposition(text), types: parseTypes(text) },
})
const text = (jobs: number, fast: number, slow: number): string => `# HELP jobs Jobs done.
# TYPE jobs counter
# UNIT jobs jobs
jobs_total{queue="mail"} ${jobs}.0 # {trace_id="x"} 1.0 1520879607.789
jobs_created{queue="mail"} 1520430000.123
# TYPE queue gauge
queue 3
# TYPE took_seconds histogram
took_seconds_bucket{le="0.1"} ${fast}
took_seconds_bucket{le="1"} ${fast + slow}
took_seconds_bucket{le="+Inf"} ${fast + slow}
took_seconds_count ${fast + slow}
took_seconds_sum 9.5
took_seconds_created 1520430000.123
# TYPE old counter
old 5
# TYPE rpc summary
rpc{quantile="0.5"} 0.2
rpc_count 7
untyped_total 4
untyped_value NaN
# EOF
`
const valuesOf = (before: Scraped[], now: Scraped[]) =>
  Object.fromEntries(
    metricValues(before, now, 10).map(({ name, labels, value }) => [`${name}{${labels}}`, value]),
  )

test('counters are rates, gauges are values, and histograms have quantiles', () => {
  const found = valuesOf([scraped(text(100, 10, 0))], [scraped(text(150, 20, 10))])
  expect(found).toEqual({
    'jobs_total{queue="mail"}': 5,
    'queue{}': 3,
    'took_seconds_count{}': 2,
    'took_seconds_sum{}': 0,
    'took_seconds{quantile="0.5"}': 0.1,
    'took_seconds{quantile="0.95"}': expect.closeTo(0.91) as number,
    'took_seconds{quantile="0.99"}': expect.closeTo(0.982) as number,
    'old{}': 0,
    'rpc{quantile="0.5"}': 0.2,
    'rpc_count{}': 0,
    'untyped_total{}': 0,
  })
})

test('a counter counts from zero after a reset, a restart, and when it is new', () => {
  const rate = (before: Scraped[], now: Scraped[]) =>
    valuesOf(before, now)['jobs_total{queue="mail"}']
  expect(rate([scraped(text(100, 0, 0))], [scraped(text(30, 0, 0))])).toBe(3)
  expect(rate([scraped(text(100, 0, 0))], [scraped(text(120, 0, 0), 'web/0/2')])).toBe(12)
  expect(rate([scraped('other 1')], [scraped(text(40, 0, 0))])).toBe(4)
  expect(rate([], [scraped(text(40, 0, 0))])).toBeUndefined()
})

test('a counter below zero has no rate', () => {
  const below = '# TYPE old counter\nold -5\n'
  expect(valuesOf([scraped(below, 'web/0/1')], [scraped(below, 'web/0/2')])).toEqual({})
})

test('instances are summed, and each has gauges of its own', () => {
  const both = (jobs: number) => [
    scraped(text(jobs, 0, 0)),
    scraped(text(2 * jobs, 0, 0), 'web/1/1', 1),
  ]
  const found = metricValues(both(100), both(200), 10)
  expect(found.find(({ name }) => name === 'jobs_total')).toMatchObject({
    ...{ value: 30, instance: null, unit: 'per second' },
  })
  expect(found.filter(({ name }) => name === 'queue').map(({ instance }) => instance)).toEqual([
    0, 1,
  ])
})

test('a label with many values takes no more than its limit, and what is stored goes on', () => {
  const one = (name: string) => ({ name, labels: '', instance: null, unit: '', value: 1 })
  const { kept, left } = withinLimit([one('a'), one('b'), one('c')], new Set(['c{}/', 'd{}/']), 3)
  expect([kept.map(({ name }) => name), left]).toEqual([['a', 'c'], 1])
  const long = scraped(`${'a'.repeat(300)} 1\nm{l="${'b'.repeat(600)}"} 1\nm 2`)
  expect(metricValues([], [long], 10).map(({ value }) => value)).toEqual([2])
})

test('labels can be read again', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.stringMatching(/^[a-z]\w{0,5}$/), fc.string()), (labels) => {
      expect(labelsOf(labelsText(labels))).toEqual({ ...labels })
    }),
  )
})
