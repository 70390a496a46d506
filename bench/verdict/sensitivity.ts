import { createJudge } from '#domains/verdict/statistics/judge.ts'
import { generator } from '../../test/support/generator.ts'
import { median } from '../measure.ts'
import { runs, settings, makeBatch, detect } from './simulation.ts'
import type { Arm } from './streams.ts'

/**
 * What it costs to assign sessions instead of requests: a session fails once, however many of its
 * requests do.
 */
export function sessions(): void {
  console.log(
    `sessions, errors 1 → 2 % of requests, share 50 %, requests to detection, ${runs} runs each`,
  )
  let single = 0
  for (const length of [1, 2, 5, 20]) {
    const failing = (rate: number): number => 1 - (1 - rate) ** length
    const found = Array.from({ length: runs }, (_, i) =>
      detect(i + 1, 20_000, () => ({
        share: 0.5,
        requests: 20,
        errors: { baseline: failing(0.01), canary: failing(0.02) },
      })),
    ).flatMap((one) => one ?? [])
    const requests = median(found) * length
    if (length === 1) single = requests
    console.log(
      `  ${String(length).padStart(2)} requests a session   ` +
        `${Math.round(requests).toLocaleString('en-US').padStart(8)}   ` +
        `${(requests / single).toFixed(2)} times`,
    )
  }
}

/** What it costs to look at five metrics when one of them tells. */
export function fiveMetrics(): void {
  const names = ['a', 'b', 'c', 'd', 'e']
  const metric = {
    kind: 'rate',
    of: 'requests',
    tolerance: 0,
    worse: 'higher',
    advisory: false,
  } as const
  const requestsWith = (count: number): number => {
    const used = names.slice(0, count)
    const metrics = Object.fromEntries(used.map((name) => [name, metric]))
    const found = Array.from({ length: runs }, (_, i) => {
      const random = generator(i + 1)
      const judge = createJudge({ ...settings, metrics })
      for (let n = 1; n <= 5000; n += 1) {
        const batch = makeBatch(
          random,
          {
            share: 0.5,
            requests: 20,
            errors: { baseline: 0, canary: 0 },
          },
          n,
        )
        const routes = (arm: Arm) =>
          Object.fromEntries(
            used.map((name) => {
              const rate = name === 'a' && arm === 'canary' ? 0.04 : 0.02
              const failed = Array.from({ length: batch[arm].requests }).filter(
                () => random() < rate,
              ).length
              return [name, [batch[arm].requests, failed] as [number, number]]
            }),
          )
        const baseline = { ...batch.baseline, routes: routes('baseline') }
        if (
          judge.observe({
            ...batch,
            baseline,
            canary: { ...batch.canary, routes: routes('canary') },
          })
        )
          return n * 20
      }
      return null
    }).flatMap((one) => one ?? [])
    return median(found)
  }
  const [one, five] = [requestsWith(1), requestsWith(5)]
  console.log(
    'a metric that doubles, among five metrics and alone: ' +
      `${five} and ${one} requests to detection, ` +
      `${(five / one).toFixed(2)} times`,
  )
}
