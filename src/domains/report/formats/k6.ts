import { z } from 'zod'
import { defineReportFormat, shortName } from '../report.ts'
import { jsonParser } from '../json.ts'

/** `--summary-export` has the values of a metric at its top level, `handleSummary` in `values`. */
const metric = z.looseObject({
  type: z.string().optional(),
  contains: z.string().optional(),
  values: z.record(z.string(), z.number()).optional(),
})
const shape = z.object({ metrics: z.record(z.string(), metric) })

/** Rates for which higher is better; for all others, such as failed requests, lower is. */
const higherIsBetter = new Set(['checks'])

/** The end-of-test summary: durations in milliseconds, rates and throughput. */
export default defineReportFormat({
  name: 'k6',
  title: 'k6 `--summary-export`',
  topics: ['measurements'],
  example: `{"root_group":{"name":""},
"metrics":{"http_req_duration":{"avg":12,"med":10,"p(90)":20,"p(95)":25}}}`,
  // Other tools, such as bandit, also write `metrics`.
  detect: (head) =>
    /^\s*\{/.test(head) &&
    /"(root_group|data_received|iterations|iteration_duration|http_reqs)"\s*:/.test(head),
  parser: (sink) =>
    jsonParser('k6', shape, ({ metrics }) => {
      for (const [name, one] of Object.entries(metrics)) {
        const values = one.values ?? numbersOf(one)
        const measured = (
          what: string,
          unit: string,
          value: number | undefined,
          better: 'lower' | 'higher',
        ): void => {
          if (value !== undefined)
            sink.measurement({
              name: shortName(`${name} ${what}`),
              unit,
              better,
              value,
              spread: null,
            })
        }
        if (values['avg'] !== undefined) {
          for (const what of ['med', 'p(90)', 'p(95)', 'p(99)'])
            measured(what, one.contains === 'default' ? '' : 'ms', values[what], 'lower')
        } else if (values['passes'] !== undefined || one.type === 'rate') {
          measured(
            'rate',
            '',
            values['rate'] ?? values['value'],
            higherIsBetter.has(name) ? 'higher' : 'lower',
          )
        } else if (name === 'http_reqs' || name === 'iterations')
          measured('rate', '1/s', values['rate'], 'higher')
      }
    }),
})

const numbersOf = (metric: Record<string, unknown>): Record<string, number> =>
  Object.fromEntries(
    Object.entries(metric).filter(
      (entry): entry is [string, number] => typeof entry[1] === 'number',
    ),
  )
