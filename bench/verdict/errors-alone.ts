import { theta } from '#domains/verdict/statistics/errors.ts'
import { Rates } from '#domains/verdict/statistics/rates.ts'
import { generator } from '../../test/support/generator.ts'

const alarm = Math.log(100)
const most = 400_000

/** Errors until the alarm of the evidence from errors, and of the test that knows the ratio. */
function errorsUntilAlarm(seed: number, ratio: number, share: number): [number, number] {
  const random = generator(seed * 7919)
  const rates = new Rates({ tolerance: 0 })
  const part = theta(ratio, share)
  const [mine, other] = [Math.log(part / share), Math.log((1 - part) / (1 - share))]
  let [oracle, known, found] = [0, 0, 0]
  for (let n = 1; n <= most && (known === 0 || found === 0); n += 1) {
    const isCanary = random() < part
    oracle += isCanary ? mine : other
    if (known === 0 && oracle >= alarm) known = n
    const one = { requests: 1, errors: 1 }
    const nothing = { requests: 0, errors: 0 }
    rates.add(n * 10_000, share, isCanary ? nothing : one, isCanary ? one : nothing)
    // Every eighth look later on: a hundredth of the errors at most.
    if (found === 0 && (n < 50 || n % 8 === 0) && rates.evidence() >= alarm) found = n
  }
  return [found || most, known]
}

/** The errors until an alarm over those of the oracle, by share and ratio of the rates. */
export function printErrorsAlone(runs: number): void {
  const ratios = [1.2, 1.35, 1.5, 2, 3, 5, 10, 30, 100]
  console.log(`errors until an alarm over those of the oracle, mean of ${runs} runs`)
  console.log(`  share  ${ratios.map((ratio) => `×${ratio}`.padStart(6)).join(' ')}`)
  for (const share of [0.01, 0.1, 0.5]) {
    const cells = ratios.map((ratio) => {
      let [found, known] = [0, 0]
      for (let seed = 1; seed <= runs; seed += 1) {
        const [mine, oracle] = errorsUntilAlarm(seed, ratio, share)
        found += mine
        known += oracle
      }
      return (found / known).toFixed(2).padStart(6)
    })
    console.log(`  ${`${share * 100} %`.padEnd(6)} ${cells.join(' ')}`)
  }
}
