import { expect, test } from 'vitest'
import { openMetrics } from './open-metrics.ts'

test('writes OpenMetrics 1.0', () => {
  const text = openMetrics([
    {
      ...{ name: 'a', help: 'With a "quote".', type: 'counter' },
      points: [{ labels: { app: 'sh"op\n' }, value: 3 }],
    },
    { name: 'empty', help: 'Nothing.', type: 'gauge', points: [] },
    {
      ...{ name: 'b_seconds', help: 'Time.', type: 'histogram', unit: 'seconds' },
      points: [
        {
          labels: {},
          sum: 1.5,
          count: 3,
          buckets: [
            { le: 0.5, count: 1 },
            { le: 1, count: 1 },
          ],
        },
      ],
    },
  ])
  expect(text).toBe(`# TYPE a counter
# HELP a With a \\"quote\\".
a_total{app="sh\\"op\\n"} 3
# TYPE b_seconds histogram
# UNIT b_seconds seconds
# HELP b_seconds Time.
b_seconds_bucket{le="0.5"} 1
b_seconds_bucket{le="1.0"} 2
b_seconds_bucket{le="+Inf"} 3
b_seconds_sum 1.5
b_seconds_count 3
# EOF
`)
})
