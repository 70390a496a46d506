import { printErrorsAlone } from './verdict/errors-alone.ts'
import { printHarm, printIdentical, printTimes } from './verdict/canaries.ts'
import { nullRuns, runs } from './verdict/simulation.ts'
import { falseAlarms } from './verdict/false-alarms.ts'
import { errorsPerMinute } from './verdict/errors-per-minute.ts'
import { latencies, units } from './verdict/latencies.ts'
import { sessions, fiveMetrics } from './verdict/sensitivity.ts'
import { printLoad } from './verdict/load.ts'
import { costs } from './verdict/costs.ts'
import { printSpecial } from './verdict/special.ts'

/** Each part by name; `BENCH_VERDICT=errors` runs one of them. */
const parts: Record<string, () => void> = {
  identical: () => printIdentical(nullRuns),
  harm: () => printHarm(runs),
  special: () => printSpecial(runs),
  times: () => printTimes(Math.min(100, runs)),
  'false alarms': falseAlarms,
  alone: () => printErrorsAlone(Math.min(100, runs)),
  errors: errorsPerMinute,
  latency: latencies,
  units,
  load: () => printLoad(Math.min(50, runs)),
  sessions,
  metrics: fiveMetrics,
  cost: costs,
}

export async function run(): Promise<void> {
  const wanted = process.env['BENCH_VERDICT']
  for (const [name, part] of Object.entries(parts))
    if (wanted === undefined || wanted === name) part()
}
