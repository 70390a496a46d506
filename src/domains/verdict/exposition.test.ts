import { expect, test } from 'vitest'
import { canaryFile } from '#contract/pipeline-file/canary-file.ts'
import { parseExposition } from '#platform/net/exposition.ts'
import { namesOf, readMetric } from './exposition.ts'

const text = `# HELP jobs_total Jobs done.
# TYPE jobs_total counter
jobs_total{queue="mail",worker="a \\"b\\""} 120 1700000000000
jobs_total{queue="bills"} 8e1
jobs_failed_total{queue="mail"} 3
process_resident_memory_bytes 4.5e+07
job_seconds_bucket{queue="mail",le="0.1"} 10
job_seconds_bucket{queue="bills",le="0.1"} 5
job_seconds_bucket{queue="mail",le="+Inf"} 30
job_seconds_bucket{queue="bills",le="+Inf"} 6
job_seconds_sum 12
not a number nan-ish
`
const metricOf = (metric: object) => canaryFile.parse({ metrics: { one: metric } }).metrics['one']!
const read = (metric: object, points = parseExposition(text)) =>
  readMetric('a', points, metricOf(metric))

test('reads counters, summed over labels that are not selected', () => {
  expect(read({ bad: 'jobs_failed_total', of: 'jobs_total' })).toEqual({
    instance: 'a',
    numbers: [3, 200],
  })
  expect(read({ bad: 'jobs_total{queue="mail"}' })).toEqual({ instance: 'a', numbers: [120] })
  expect(read({ bad: 'jobs_total{worker="a "}' })).toBeNull()
  expect(read({ gauge: 'process_resident_memory_bytes' })).toEqual({
    instance: 'a',
    numbers: [4.5e7],
  })
})

test('a missing failure counter is zero if the total exists, else unknown', () => {
  expect(read({ bad: 'jobs_lost_total', of: 'jobs_total' })).toEqual({
    instance: 'a',
    numbers: [0, 200],
  })
  expect(read({ bad: 'jobs_lost_total' })).toBeNull()
  expect(read({ bad: 'jobs_lost_total', of: 'jobs_lost' })).toBeNull()
})

test('reads histograms', () => {
  expect(read({ histogram: 'job_seconds' })).toEqual({
    instance: 'a',
    numbers: [15, 36],
    bounds: [0.1],
  })
  expect(read({ histogram: 'job_seconds{queue="bills"}' })?.numbers).toEqual([5, 6])
  expect(read({ histogram: 'job_minutes' })).toBeNull()
  expect(namesOf(metricOf({ histogram: 'job_seconds{queue="bills"}' }))).toEqual(['job_seconds'])
})

test('an invalid selector selects nothing', () => {
  const metric = { ...metricOf({ bad: 'jobs_total' }), bad: 'jobs_total{queue=~"mail"}' }
  expect(readMetric('a', parseExposition(text), metric)).toBeNull()
})
