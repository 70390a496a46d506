import { z } from 'zod'
import { duration, text } from '#contract/pipeline-file/shapes.ts'
import { beyond, isBeyond, limitsOf, limitWords, shown } from '../limits.ts'
import { defineMonitorKind, type Finding, type Measured, up } from '../monitor-kind.ts'

const settings = beyond(
  z.strictObject({
    of: text
      .min(1)
      .max(2000)
      .describe(
        'A signal such as `latency-p95`, a metric of the app such as ' +
          '`queue_length{kind="mail"}` or `sum(orders_total)`, or with `prometheus` a query ' +
          'such as `sum(rate(orders_total[5m]))`',
      ),
    ...limitsOf('value'),
    for: duration(0).prefault('1m').describe('How long, without a break; not with `prometheus`'),
    prometheus: z
      .url({ protocol: /^https?$/, error: 'must be an http or https address' })
      .optional()
      .describe('A Prometheus that is asked instead'),
  }),
)
type Settings = z.output<typeof settings>

export default defineMonitorKind({
  kind: 'metric',
  title: 'A measured value stays within its limits',
  settings,
  example: { of: 'latency-p95', above: 500, for: '5m' },
  every: 10_000,
  failures: 1,
  onServer: async (wanted, io) => {
    if (wanted.prometheus === undefined)
      return judge(wanted, await io.measured(wanted.of, Math.max(30, wanted.for / 1000)))
    const found = await io.query(wanted.prometheus, wanted.of)
    return judge(
      wanted,
      found.map(({ labels, value }) => ({ labels, values: [value] })),
    )
  },
})

/** What the values of the last time say: all of them must be beyond the limit. Pure. */
export function judge(wanted: Settings, series: Measured[]): Finding {
  const known = series.map(({ labels, values }) => ({
    labels,
    values: values.filter((value) => value !== null),
    isComplete: values.filter((value) => value !== null).length * 2 >= values.length,
  }))
  if (known.every(({ values }) => values.length === 0))
    return { state: 'unknown', reason: `there is no measurement of ${wanted.of}` }
  const bad = known.find(
    ({ values, isComplete }) => isComplete && values.every((value) => isBeyond(wanted, value)),
  )
  if (!bad) return up
  const last = bad.values.at(-1) ?? 0
  // What the selector says is not repeated.
  const which = Object.entries(bad.labels)
    .filter(([name, value]) => !wanted.of.includes(`${name}="${value}"`))
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')
  const what = which ? `${wanted.of} of ${which}` : wanted.of
  return {
    state: 'degraded',
    reason: `${what} is ${shown(last)}, ${limitWords(wanted, last)}`,
  }
}
