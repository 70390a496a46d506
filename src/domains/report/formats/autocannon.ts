import { z } from 'zod'
import { defineReportFormat, shortName } from '../report.ts'
import { jsonParser } from '../json.ts'

const shape = z.object({
  title: z.string().optional(),
  url: z.string().optional(),
  latency: z.object({ p50: z.number(), p97_5: z.number(), p99: z.number() }),
  requests: z.object({ average: z.number(), stddev: z.number().optional() }),
  duration: z.number(),
  errors: z.number(),
  timeouts: z.number().default(0),
  non2xx: z.number().default(0),
})

/** Latency in milliseconds and requests per second, which autocannon samples once per second. */
export default defineReportFormat({
  name: 'autocannon',
  title: '`autocannon --json`',
  topics: ['measurements'],
  example: `{"title":"shop","url":"http://localhost","latency":{"p50":3,"p97_5":9,"p99":12},
"requests":{"average":950,"stddev":20},"duration":10,"errors":0,"timeouts":0,"non2xx":0}`,
  detect: (head) =>
    /^\s*\{/.test(head) &&
    /"(p97_5|non2xx|requests)"\s*:/.test(head) &&
    /"(latency|url)"\s*:/.test(head),
  parser: (sink) =>
    jsonParser('autocannon', shape, (run) => {
      const title = run.title ?? run.url ?? 'autocannon'
      const measured = (
        what: string,
        unit: string,
        value: number,
        better: 'lower' | 'higher' = 'lower',
      ): void =>
        sink.measurement({ name: shortName(`${title} ${what}`), unit, better, value, spread: null })
      measured('p50', 'ms', run.latency.p50)
      measured('p97.5', 'ms', run.latency.p97_5)
      measured('p99', 'ms', run.latency.p99)
      const samples = Math.floor(run.duration)
      const spread =
        run.requests.stddev && samples > 1 ? { deviation: run.requests.stddev, samples } : null
      const name = shortName(`${title} requests`)
      sink.measurement({ name, unit: '1/s', better: 'higher', value: run.requests.average, spread })
      measured('errors', '', run.errors + run.timeouts + run.non2xx)
    }),
})
