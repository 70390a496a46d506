import { z } from 'zod'
import { type Format, shortName, summarise } from '../report.ts'
import { jsonParser } from './json.ts'

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

/** `pytest --benchmark-json`: seconds per call. */
export const pytestBenchmark: Format = {
  name: 'pytest-benchmark',
  tells: ['measurements'],
  recognises: (head) => /^\s*\{/.test(head) && /"(machine_info|benchmarks)"\s*:/.test(head),
  parser: (sink) =>
    jsonParser('of pytest-benchmark', shape, ({ benchmarks }) => {
      for (const { fullname, stats } of benchmarks) {
        const spread = stats.rounds > 1 ? { deviation: stats.stddev, samples: stats.rounds } : null
        const numbers = summarise(stats.data ?? []) ?? { value: stats.mean, spread }
        sink.measured({ name: shortName(fullname), unit: 's', better: 'lower', ...numbers })
      }
    }),
}
