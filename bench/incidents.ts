import type { ChangeKind } from '#contract/incident/incident.ts'
import { onsetOf } from '#domains/detection/onset.ts'
import { Over } from '#domains/detection/over.ts'
import { RateScan } from '#domains/detection/scan.ts'
import { type Candidate, rankChanges } from '#domains/incident/changes.ts'
import { generator } from '../test/support/generator.ts'
import { Stream, type StreamOptions } from '../test/support/simulated-stream.ts'
import { quantile } from './measure.ts'

const incidents = Number(process.env['BENCH_INCIDENTS'] ?? 1000)
const faults = Number(process.env['BENCH_FAULTS'] ?? 200)
const innocents = 10
const learning = 28 * 86_400
const longestDelay = 4 * 3600

const harms: [string, Omit<StreamOptions, 'seed'>, number][] = [
  ['0.1 → 5 %, 10/s', { load: 10, rate: 0.001 }, 0.05],
  ['0.1 → 0.5 %, 1,000/s', { load: 1000, rate: 0.001 }, 0.005],
  ['outage, 10/s', { load: 10, rate: 0.001 }, 1],
  ['0.1 → 5 %, 10/s, sd 0.8', { load: 10, rate: 0.001, wander: 0.8 }, 0.05],
]

/** The result of one simulated incident. */
interface Outcome {
  isFound: boolean
  /** whether the interval of 90 % contains the onset, and its width in seconds */
  isCovered: boolean
  width: number
  /** how far the likely onset is from the onset, in seconds */
  error: number
  /** whether it counted as over while the harm went on */
  isOverTooEarly: boolean
  /** seconds from the end of the harm until it counted as over */
  overAfter: number
}

/** Incidents of 5 to 30 minutes, one after the other in one stream. */
function simulate(options: Omit<StreamOptions, 'seed'>, rate: number, count: number): Outcome[] {
  const stream = new Stream({ seed: 31, ...options })
  const random = generator(37)
  const scan = new RateScan()
  const step = (harm?: { rate: number }) => {
    const counts = stream.next(harm)
    const normal = scan.rate
    return { counts, normal, finding: scan.add(counts.trials, counts.events) }
  }
  for (let second = 0; second < learning; second += 1) step()
  const found: Outcome[] = []
  for (let i = 0; i < count; i += 1) {
    const lasts = Math.round(300 + random() * 1500)
    const outcome = one(step, scan, { rate, lasts })
    found.push(outcome)
    scan.release()
    for (let rest = 0; rest < 4000; rest += 1) step()
  }
  return found
}

function one(
  step: (harm?: { rate: number }) => {
    counts: { trials: number; events: number }
    /** the rate before this second */
    normal: number
    finding: ReturnType<RateScan['add']>
  },
  scan: RateScan,
  { rate, lasts }: { rate: number; lasts: number },
): Outcome {
  const none = { isFound: false, isCovered: false, width: NaN, error: NaN }
  const outcome: Outcome = { ...none, isOverTooEarly: false, overAfter: Infinity }
  let over: Over | null = null
  for (let second = 1; second <= lasts + longestDelay; second += 1) {
    const { counts, normal, finding } = step(second <= lasts ? { rate } : undefined)
    if (over?.add(counts.trials, counts.events)) {
      if (second <= lasts) return { ...outcome, isOverTooEarly: true }
      return { ...outcome, overAfter: second - lasts }
    }
    if (over !== null || finding === null) continue
    if (second > lasts) return outcome
    const onset = onsetOf(scan.windows(), normal)
    scan.quarantine(onset.most.from)
    over = new Over(normal, finding.events / finding.trials)
    outcome.isFound = true
    outcome.isCovered = onset.most.from >= second - 1 && onset.most.to <= second
    outcome.width = onset.most.from - onset.most.to
    outcome.error = Math.abs(onset.likely - second)
  }
  return outcome
}

const kinds: ChangeKind[] = ['delivery', 'configuration', 'switch', 'restart', 'job', 'drift']
const minute = 60_000
/** The confidence that `automatic` needs if fairlead.yaml does not say otherwise. */
const enough = 0.8

/**
 * Ranks one guilty change among ten innocent ones of the day before. The harm follows its cause
 * after an exponential time; every second guilty deployment explains its alert.
 */
function rank(
  meanMinutes: number,
  withExplanation: boolean,
): { first: number; three: number; sure: number; sureAndRight: number } {
  const random = generator(41)
  const pick = (): ChangeKind => kinds[Math.floor(random() * kinds.length)]!
  const [score, onset] = [
    { first: 0, three: 0, sure: 0, sureAndRight: 0 },
    Date.parse('2026-11-29T03:00:00Z'),
  ]
  for (let i = 0; i < faults; i += 1) {
    const make = (ref: string, kind: ChangeKind, before: number): Candidate => ({
      ...{ kind, ref, text: ref, time: onset - before },
      ...{ app: 'shop', environment: 'production', service: null },
    })
    const lag = -Math.log(1 - random()) * meanMinutes * minute
    const kind = pick()
    const all = Array.from({ length: innocents }, (_, n) =>
      make(String(n + 2), pick(), random() * 1440 * minute),
    )
    const isExplained = withExplanation && kind === 'delivery' && random() < 0.5
    const harmed = {
      ...{ app: 'shop', environment: 'production', service: 'web' },
      ...{ deployment: isExplained ? 1 : null, rollout: null },
      ...{ onset: { from: onset, until: onset + 20_000 } },
    }
    const ranked = rankChanges(harmed, [...all, make('1', kind, lag)])
    const place = ranked.findIndex(({ ref }) => ref === '1')
    const isSure = (ranked[0]?.confidence ?? 0) >= enough
    if (isSure) score.sure += 1
    if (isSure && place === 0) score.sureAndRight += 1
    if (place === 0) score.first += 1
    if (place >= 0 && place < 3) score.three += 1
  }
  return score
}

const percent = (part: number, whole: number): string =>
  `${((100 * part) / Math.max(1, whole)).toFixed(1)} %`

/**
 * Figures of docs/incidents.md: how often the interval of an onset contains it, how often an
 * incident counts as over too early, and how often the cause is the first suspect.
 */
export async function run(): Promise<void> {
  const each = Math.ceil(incidents / harms.length)
  console.log(`${each} simulated incidents each: found; onset in its interval of 90 %, width and`)
  console.log('error (median); over too early; seconds until over (median, 90 %)')
  for (const [name, options, rate] of harms) {
    const all = simulate(options, rate, each)
    const found = all.filter(({ isFound }) => isFound)
    const of = (key: 'width' | 'error' | 'overAfter', share: number): string =>
      String(
        Math.round(
          quantile(
            found.map((outcome) => outcome[key]),
            share,
          ),
        ),
      )
    const covered = found.filter(({ isCovered }) => isCovered).length
    const early = found.filter(({ isOverTooEarly }) => isOverTooEarly).length
    console.log(
      `  ${name}: ${percent(found.length, all.length)}; ${percent(covered, found.length)}, ` +
        `${of('width', 0.5)} s, ${of('error', 0.5)} s; ${percent(early, found.length)}; ` +
        `${of('overAfter', 0.5)} s, ${of('overAfter', 0.9)} s`,
    )
  }
  console.log(`${faults} faults with ${innocents} innocent changes of the day before`)
  for (const mean of [1, 5, 30]) {
    for (const isExplained of [true, false]) {
      const { first, three, sure, sureAndRight } = rank(mean, isExplained)
      const words = isExplained ? 'half of the deployments explained' : 'nothing explained'
      console.log(
        `  harm after ${mean} min (mean), ${words}: first ${percent(first, faults)}, ` +
          `among three ${percent(three, faults)}; 80 % sure in ${percent(sure, faults)}, ` +
          `right in ${percent(sureAndRight, sure)} of them`,
      )
    }
  }
  const chance = innocents + 1
  console.log(`  at random: first ${percent(1, chance)}, among three ${percent(3, chance)}`)
}
