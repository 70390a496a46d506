import { Bursts, type BurstsState } from './bursts.ts'
import { Early, earlySeconds } from './early.ts'
import { excess, shortfall } from './excess.ts'
import { History, type Normal } from './history.ts'
import type { Counts } from './counts.ts'
import type { KeptSumsState } from './kept-sums.ts'
import { keptSeconds, LastSeconds } from './last-seconds.ts'
import { Learning, type LearningState } from './learning.ts'
import { SlowRise } from './slow.ts'
import {
  budgetSeconds,
  createRows,
  endHourOf,
  noteEvidence,
  type Row as AnyRow,
  type RowState,
  saveRows,
  setThresholds,
  strongest,
  tests,
} from './rows.ts'
import { Tail, type TailState } from './tail.ts'
import { type Scale, scales, type Windows } from './windows.ts'

/** A fall to this share is not harm. */
const toleratedFall = 0.8
/** A rise below this factor, plus this rate, is not harm. */
const tolerance = { factor: 1.25, rate: 2e-5 }
/** From this window length on, the events of a single second are clipped. */
const clippedFrom = 60
/** Up to this relative variance, the rate hardly wanders, and small rises can be added up. */
const steady = 0.1
/** Trials a second below which a stream has no bursts. */
const sparse = 0.1
/**
 * The age in seconds at which a stream has not seen all of its bursts yet. Before, harm that is not
 * found at once would be learnt.
 */
const young = { from: earlySeconds, until: 28 * 86_400 }
/**
 * In its first day, a stream does not show that more than this rate is normal: harm may have begun
 * before it. The limit is exact; it holds for every second of a healthy stream.
 */
const mostNormal = { rate: 0.1, precision: Infinity }
/** Length of a burst in seconds, and the seconds that it touches at most. */
const burst = { length: 2, touches: 3 }
/** A stream that had a burst in this time, in seconds, may have another one. */
const burstMemory = budgetSeconds

/** A window in which events are more frequent than the baseline explains. */
export interface Finding {
  /** length of the window, in seconds */
  seconds: number
  /** what it was compared with: 28 days, or the ten windows before */
  baseline: 'history' | 'local'
  trials: number
  events: number
  /** the rate that was expected, without tolerance */
  expected: number
  /** −ln of a bound on the probability of this under the baseline, and the threshold */
  evidence: number
  threshold: number
}

/** A scan as plain data. `version` changes with the meaning of the other fields. */
export interface ScanState extends LearningState {
  version: 1
  seconds: number
  history: KeptSumsState
  rows: RowState[]
  slow: { logs: number[]; tail: TailState; maximum: number }
  /** of the first minutes */
  early?: Normal[][]
  last?: Counts[]
  /** when it had a burst */
  bursts?: BurstsState
}

export interface ScanOptions {
  /** whether a rise or a fall of the rate is harm */
  side?: 'rise' | 'fall'
  /** as `save` returned it */
  state?: ScanState
}

interface Row extends AnyRow {
  normal: Normal
  /** what the windows are compared with: what is normal, or its limit */
  history: Pick<Normal, 'rate' | 'precision'>
}

/**
 * Finds rises of a rate in counts per second, such as errors among requests, or falls, such as
 * requests among expected ones. Compares windows of eight lengths with the last 28
 * days and with the ten windows before. How much the rate varies by itself is measured per window
 * length, so a rate that wanders does not alarm. See docs/decisions/0014-alarms.md.
 */
export class RateScan {
  readonly #history: History
  readonly #rows: Row[]
  readonly #slow: SlowRise
  readonly #slowTail: Tail
  readonly #isFall: boolean
  readonly #early: Early
  /** streams that share the budget of false alarms */
  streams = 1
  #spread: { variance: number; dispersion: number } | null = null
  #slowMaximum = 0
  /** seconds with trials in which the evidence has exceeded the threshold */
  #slowSeconds = 0
  #slowThreshold = Infinity
  #seconds = 0
  readonly #learning: Learning
  readonly #last: LastSeconds
  readonly #bursts: Bursts

  constructor({ side = 'rise', state }: ScanOptions = {}) {
    const unknown = { rate: 0, precision: 0, localPrecision: 0 }
    this.#isFall = side === 'fall'
    this.#history = new History(scales.length, state?.history)
    this.#slow = new SlowRise(state?.slow.logs)
    this.#slowTail = new Tail(state?.slow.tail)
    this.#slowMaximum = state?.slow.maximum ?? 0
    this.#rows = createRows(state?.rows).map((row) => ({
      ...row,
      normal: unknown,
      history: unknown,
    }))
    this.#learning = new Learning(state)
    this.#last = new LastSeconds(state?.last)
    this.#bursts = new Bursts(state?.bursts)
    this.#early = new Early(state?.early)
    this.#updateNormal(false, false)
    this.#seconds = state?.seconds ?? 0
  }

  save(): ScanState {
    return {
      ...{ version: 1, seconds: this.#seconds, ...this.#learning.save() },
      history: this.#history.save(),
      rows: saveRows(this.#rows),
      slow: {
        logs: this.#slow.save(),
        tail: this.#slowTail.save(),
        maximum: this.#slowMaximum,
      },
      early: this.#early.save(),
      last: this.#last.save(),
      bursts: this.#bursts.save(),
    }
  }

  /** The rate that is normal, as events per trial. */
  get rate(): number {
    return this.#rows[0]!.history.rate
  }

  /** Whether the normal rate was measured. Otherwise it is a limit, in the first day. */
  get isKnown(): boolean {
    return this.#rows[0]!.history !== mostNormal
  }

  /** Adds the counts of one second; returns the finding with the most evidence, if any alarms. */
  add(trials: number, events: number): Finding | null {
    this.#seconds += 1
    this.#last.add({ trials, events })
    const onset = this.#learning.forgetsSince(this.#seconds)
    if (onset !== null) {
      this.#history.forgetSince(onset)
      this.#bursts.undo()
    }
    const clipped = Math.min(events, this.#mostEvents(trials))
    let best: Finding | null = null
    for (let i = 0; i < scales.length; i += 1) {
      const { windows } = this.#rows[i]!
      const isClipped = windows.scale.seconds >= clippedFrom
      if (!windows.add(trials, isClipped ? clipped : events)) continue
      const found = this.#look(i)
      if (found && (!best || found.evidence - found.threshold > best.evidence - best.threshold))
        best = found
    }
    best ??= this.#lookSlow(trials, clipped)
    if (this.#seconds < 3600 ? this.#seconds % 60 === 0 : this.#seconds % 3600 === 0) this.#learn()
    return best
  }

  /** The events of a second that count in long windows, so that a burst does not fill them. */
  #mostEvents(trials: number): number {
    const expected = trials * (this.rate * tolerance.factor + tolerance.rate)
    return this.#isWary
      ? Math.max(1, Math.ceil(expected + 3 * Math.sqrt(expected)))
      : Math.ceil(3 + 4 * expected + 6 * Math.sqrt(expected))
  }

  /** Whether a burst that is not usual yet is likely. */
  get #isWary(): boolean {
    if (this.#isFall) return false
    if (this.#seconds <= young.from) return !this.isKnown
    return this.#seconds < young.until || this.#bursts.since(this.#seconds) < burstMemory
  }

  #look(scale: number): Finding | null {
    const row = this.#rows[scale]!
    const { windows, normal, history } = row
    const { trials, events, trialsBefore, eventsBefore } = windows
    // A bucket without trials tells nothing new, and the threshold counts only looks with trials.
    const hasNews = windows.newest > 0
    const posterior = localRate(normal, trialsBefore, eventsBefore)
    const local = this.#isFall ? Math.min(normal.rate, posterior) : Math.max(normal.rate, posterior)
    const evidenceOf = (counts: Counts): [number, number] => [
      hasNews ? this.#evidence(counts, history.rate, history.precision) : 0,
      hasNews && windows.hasBefore ? this.#evidence(counts, local, normal.localPrecision) : 0,
    ]
    const evidence = evidenceOf(windows)
    if (this.#learning.learns && windows.isWhole)
      this.#history.add(scale, windows, windows.hasBefore ? { mean: trials * local } : null)
    if (this.#learning.notesEvidence) noteEvidence(row, evidence)
    let best = strongest(row, evidence)
    if (best.evidence >= best.threshold && this.#mayBeBurst(windows.scale)) {
      best = strongest(row, evidenceOf(this.#last.sumWithout(burst.touches, windows.scale.seconds)))
      if (best.evidence < best.threshold) this.#bursts.note(this.#seconds)
    }
    if (best.evidence < best.threshold) return null
    const expected = best.baseline === 'history' ? history.rate : local
    return { seconds: windows.scale.seconds, trials, events, expected, ...best }
  }

  /** Whether the window can be short of seconds to tell harm from a burst that is not known yet. */
  #mayBeBurst({ seconds }: Scale): boolean {
    return this.#isWary && seconds <= keptSeconds && !this.#last.outlasts(burst.length)
  }

  #evidence({ trials, events }: Counts, rate: number, precision: number): number {
    return this.#isFall
      ? shortfall(events, trials * rate * toleratedFall, precision)
      : excess(events, trials * (rate * tolerance.factor + tolerance.rate), precision)
  }

  #lookSlow(trials: number, events: number): Finding | null {
    if (this.#isFall || !this.#spread || this.#spread.variance > steady || trials === 0) return null
    const tolerated = this.rate * tolerance.factor + tolerance.rate
    const evidence = this.#slow.add(trials, events, tolerated, this.#spread.dispersion)
    if (this.#learning.learns) this.#slowMaximum = Math.max(this.#slowMaximum, evidence)
    this.#slowSeconds = evidence < this.#slowThreshold ? 0 : this.#slowSeconds + 1
    if (this.#slowSeconds <= (this.#isWary ? burst.touches : 0)) return null
    const longest = this.#rows.at(-1)!.windows
    return {
      seconds: longest.scale.seconds,
      baseline: 'history',
      trials: longest.trials,
      events: longest.events,
      expected: this.rate,
      evidence,
      threshold: this.#slowThreshold,
    }
  }

  /** Updates what is normal: every minute in the first hour, then every hour. */
  #learn(): void {
    const isHour = this.#seconds % 3600 === 0
    if (this.#learning.learns)
      this.#early.add(
        this.#seconds,
        this.#rows.map((_, i) => this.#history.normal(i)),
      )
    this.#updateNormal(isHour, isHour && this.#learning.endHour())
    if (isHour) this.#history.endHour(this.#seconds)
  }

  #updateNormal(isHour: boolean, isClean: boolean): void {
    this.#learnSlow(isHour, isClean)
    for (const [i, row] of this.#rows.entries()) {
      row.normal = this.#early.normal(i) ?? this.#history.normal(i)
      row.history = this.#isTooHigh(row.normal) ? mostNormal : row.normal
      if (isHour) endHourOf(row, isClean)
      const bound = Math.log(tests * this.#looks(row.windows.scale.bucket))
      setThresholds(row, bound, this.#budget)
    }
  }

  #isTooHigh({ rate }: Normal): boolean {
    return !this.#isFall && this.#history.load === null && rate > mostNormal.rate
  }

  #learnSlow(isHour: boolean, isClean: boolean): void {
    this.#spread = this.#history.spread()
    if (isClean) this.#slowTail.add(this.#slowMaximum)
    if (isHour) this.#slowMaximum = 0
    const bound = Math.log(2 * this.#looks(1))
    // A few trials a minute have no bursts, and each of their errors would stretch the tail.
    const isSparse = (this.#history.load ?? 1) < sparse
    const tail = isSparse ? 0 : this.#slowTail.threshold((2 * this.#budget) / 3600)
    this.#slowThreshold = Math.max(bound, tail)
  }

  /** Seconds in which one false alarm is allowed. */
  get #budget(): number {
    return budgetSeconds * this.streams
  }

  /** Looks in the budget: one a bucket, but not more than there are trials. */
  #looks(bucket: number): number {
    const load = this.#history.load
    return Math.max(1, this.#budget * Math.min(1 / bucket, load === null ? 1 : load))
  }

  /**
   * Stops learning, and forgets the hours since the onset, which was `seconds` ago, unless the harm
   * is over at once. Nothing is learnt from an incident.
   */
  quarantine(seconds: number): void {
    this.#learning.stop(this.#seconds, this.#seconds - seconds)
  }

  /** The incident is over. */
  release(): void {
    for (const { windows } of this.#rows) windows.clear()
    this.#last.clear()
    this.#slow.clear()
    this.#slowSeconds = 0
    if (this.#learning.resume()) this.#bursts.note(this.#seconds)
  }

  get isQuarantined(): boolean {
    return !this.#learning.learns
  }

  /** The counts before now by scale, newest first, for the estimate of the onset. */
  windows(): Windows[] {
    return this.#rows.map((row) => row.windows)
  }
}

/** The posterior mean of a gamma rate after the windows before. */
function localRate({ rate, precision }: Normal, trials: number, events: number): number {
  if (precision <= 0) return rate
  return (precision + events) / (precision / rate + trials)
}
