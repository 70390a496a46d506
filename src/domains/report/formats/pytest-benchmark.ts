import { z } from 'zod'
import { defineReportFormat, shortName, summarise } from '../report.ts'
import { jsonParser } from '../json.ts'

const shape = z.object({
  benchmarks: z.array(
    z.object({
      fullname: z.string(),
      stats: z.object({
        mean: z.number(),
        stddev: z.number(),
        rounds: z.number(),
        data: z.array(z.number()).optional(),
      }),
    }),
  ),
})

/** Seconds per call. */
export default defineReportFormat({
  name: 'pytest-benchmark',
  title: '`pytest --benchmark-json`',
  topics: ['measurements'],
  example: `{"machine_info":{},
"benchmarks":[{"fullname":"test_cart","stats":{"mean":0.1,"stddev":0.01,"rounds":5}}]}`,
  detect: (head) => /^\s*\{/.test(head) && /"(machine_info|benchmarks)"\s*:/.test(head),
  parser: (sink) =>
    jsonParser('pytest-benchmark', shape, ({ benchmarks }) => {
      for (const { fullname, stats } of benchmarks) {
        const spread = stats.rounds > 1 ? { deviation: stats.stddev, samples: stats.rounds } : null
        const numbers = summarise(stats.data ?? []) ?? { value: stats.mean, spread }
        sink.measurement({ name: shortName(fullname), unit: 's', better: 'lower', ...numbers })
      }
    }),
})
