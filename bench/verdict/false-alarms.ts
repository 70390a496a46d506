import { normal } from '../../test/support/generator.ts'
import { nullRuns, type Made, detect, percent } from './simulation.ts'
import type { Random } from './streams.ts'

export function falseAlarms(): void {
  const ramp = (i: number): number =>
    [0.01, 0.05, 0.25, 0.5][Math.min(3, Math.floor(i / 50))] ?? 0.5
  const even = (rate: number) => ({ baseline: rate, canary: rate })
  const latency = (random: Random) => (): number => 20 * Math.exp(0.5 * normal(random))
  const autocorrelated = (rho: number) => {
    let [state, seen] = [0, -1]
    return (random: Random, i: number): Made => {
      if (i <= seen) state = 0
      seen = i
      state = rho * state + Math.sqrt(1 - rho * rho) * normal(random)
      const load = Math.exp(state)
      const rate = Math.min(0.9, 0.02 * Math.exp(2 * state))
      return {
        share: ramp(i),
        requests: Math.round(20 * load),
        errors: even(rate),
        latency: () => load * latency(random)(),
      }
    }
  }
  const cases: [string, (random: Random, i: number) => Made][] = [
    [
      'share 1 %, errors 1 %',
      (random) => ({ share: 0.01, requests: 20, errors: even(0.01), latency: latency(random) }),
    ],
    [
      'share 50 %, no errors',
      (random) => ({ share: 0.5, requests: 20, errors: even(0), latency: latency(random) }),
    ],
    [
      'share 10 %, errors 50 %',
      (random) => ({ share: 0.1, requests: 20, errors: even(0.5), latency: latency(random) }),
    ],
    [
      'ramp 1→5→25→50 %',
      (random, i) => ({
        share: ramp(i),
        requests: 20,
        errors: even(0.02),
        latency: latency(random),
      }),
    ],
    [
      'ramp, bursts of load and errors',
      (random, i) => ({
        share: ramp(i),
        requests: i % 10 < 2 ? 80 : 5,
        errors: even(i % 10 < 2 ? 0.5 : 0.01),
        latency: latency(random),
      }),
    ],
    [
      'ramp, a day of load',
      (random, i) => ({
        share: ramp(i),
        requests: Math.round(20 + 18 * Math.sin(i / 16)),
        errors: even(0.02 + 0.018 * Math.sin(i / 16)),
        latency: latency(random),
      }),
    ],
    ['ramp, autocorrelated load, ρ 0.6', autocorrelated(0.6)],
    ['ramp, autocorrelated load, ρ 0.9', autocorrelated(0.9)],
  ]
  console.log(
    'false alarms, looking after every batch of some 20 requests, 200 batches, ' +
      `α = 1 %, ${nullRuns} runs each`,
  )
  for (const [name, make] of cases) {
    let alarms = 0
    for (let seed = 1; seed <= nullRuns; seed += 1)
      if (detect(seed, 200, make) !== null) alarms += 1
    console.log(`  ${name.padEnd(36)} ${percent(alarms / nullRuns)}`)
  }
}
