import { z } from 'zod'
import { type Format, shortName } from '../report.ts'
import { jsonParser } from './json.ts'

/**
 * Numbers of a metric stand beside each other in `--summary-export`, and below `values` in what
 * `handleSummary` is given.
 */
const metric = z.looseObject({
  type: z.string().optional(),
  contains: z.string().optional(),
  values: z.record(z.string(), z.number()).optional(),
})
const shape = z.object({ metrics: z.record(z.string(), metric) })

/** Rates of which more is better; of every other rate (failed requests) less is. */
const good = new Set(['checks'])

/** The end-of-test summary of k6: times in milliseconds, rates, and throughput. */
export const k6: Format = {
  name: 'k6',
  tells: ['measurements'],
  // Other tools have `metrics`, too (bandit's JSON).
  recognises: (head) =>
    /^\s*\{/.test(head) &&
    /"(root_group|data_received|iterations|iteration_duration|http_reqs)"\s*:/.test(head),
  parser: (sink) =>
    jsonParser('of k6', shape, ({ metrics }) => {
      for (const [name, one] of Object.entries(metrics)) {
        const values = one.values ?? numbersOf(one)
        const measured = (
          what: string,
          unit: string,
          value: number | undefined,
          better: 'lower' | 'higher',
        ): void => {
          if (value !== undefined)
            sink.measured({ name: shortName(`${name} ${what}`), unit, better, value, spread: null })
        }
        if (values['avg'] !== undefined) {
          for (const what of ['med', 'p(90)', 'p(95)', 'p(99)'])
            measured(what, one.contains === 'default' ? '' : 'ms', values[what], 'lower')
        } else if (values['passes'] !== undefined || one.type === 'rate') {
          measured(
            'rate',
            '',
            values['rate'] ?? values['value'],
            good.has(name) ? 'higher' : 'lower',
          )
        } else if (name === 'http_reqs' || name === 'iterations')
          measured('rate', '1/s', values['rate'], 'higher')
      }
    }),
}

const numbersOf = (metric: Record<string, unknown>): Record<string, number> =>
  Object.fromEntries(
    Object.entries(metric).filter(
      (entry): entry is [string, number] => typeof entry[1] === 'number',
    ),
  )
