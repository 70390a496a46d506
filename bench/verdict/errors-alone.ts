import { theta } from '#domains/verdict/statistics/errors.ts'
import { createJudge } from '#domains/verdict/statistics/judge.ts'
import { Rates } from '#domains/verdict/statistics/rates.ts'
import { generator } from '../../test/support/generator.ts'
import { none, settings } from './simulation.ts'
import { firstSeed } from './streams.ts'

const alarm = Math.log(100)
const most = 400_000

/** Adds one error, with a second of its own; `isAlarm` says whether the alarm is raised. */
interface Test {
  add(second: number, share: number, isCanary: boolean): void
  isAlarm(): boolean
}

function evidenceOfErrors(): Test {
  const rates = new Rates({ tolerance: 0 })
  const [one, nothing] = [
    { requests: 1, errors: 1 },
    { requests: 0, errors: 0 },
  ]
  return {
    add: (second, share, isCanary) => {
      rates.add(second * 1000, share, isCanary ? nothing : one, isCanary ? one : nothing)
    },
    isAlarm: () => rates.evidence() >= alarm,
  }
}

/** The verdict with all of its metrics, of which only the errors tell. */
function wholeVerdict(): Test {
  const judge = createJudge(settings)
  const one = { ...none(), requests: 1, errors: 1 }
  let hasAlarmed = false
  return {
    add: (second, share, isCanary) => {
      const arms = { baseline: isCanary ? none() : one, canary: isCanary ? one : none() }
      hasAlarmed = judge.observe({ at: second * 1000, share, ...arms })
    },
    isAlarm: () => hasAlarmed,
  }
}

/** Errors until the alarm of a test, and of the one that knows the ratio. */
function errorsUntilAlarm(
  make: () => Test,
  seed: number,
  ratio: number,
  share: number,
): [number, number] {
  const random = generator((firstSeed + seed - 1) * 7919)
  const tested = make()
  const part = theta(ratio, share)
  const [mine, other] = [Math.log(part / share), Math.log((1 - part) / (1 - share))]
  let [oracle, known, found] = [0, 0, 0]
  for (let n = 1; n <= most && (known === 0 || found === 0); n += 1) {
    const isCanary = random() < part
    oracle += isCanary ? mine : other
    if (known === 0 && oracle >= alarm) known = n
    tested.add(n * 10, share, isCanary)
    // Every eighth look later on: a hundredth of the errors at most.
    if (found === 0 && (n < 50 || n % 8 === 0) && tested.isAlarm()) found = n
  }
  return [found || most, known]
}

/** The errors until an alarm over those of the oracle, by share and ratio of the rates. */
export function printErrorsAlone(runs: number): void {
  print('evidence of errors alone', evidenceOfErrors, runs)
  print('the whole verdict', wholeVerdict, runs)
}

function print(name: string, make: () => Test, runs: number): void {
  const ratios = [1.2, 1.35, 1.5, 2, 3, 5, 10, 30, 100]
  console.log(`errors until an alarm over those of the oracle, ${name}, mean of ${runs} runs`)
  console.log(`  share  ${ratios.map((ratio) => `×${ratio}`.padStart(6)).join(' ')}`)
  for (const share of [0.01, 0.1, 0.5]) {
    const cells = ratios.map((ratio) => {
      let [found, known] = [0, 0]
      for (let seed = 1; seed <= runs; seed += 1) {
        const [mine, oracle] = errorsUntilAlarm(make, seed, ratio, share)
        found += mine
        known += oracle
      }
      return (found / known).toFixed(2).padStart(6)
    })
    console.log(`  ${`${share * 100} %`.padEnd(6)} ${cells.join(' ')}`)
  }
}
