import type { Sample } from '#contract/verdict/metric.ts'
import type { Batch, Judgement, Look, VerdictSettings } from '#contract/verdict/verdict.ts'
import { concentrationOf } from './concentration.ts'
import { doubtOf } from './doubt.ts'
import { Exceptions } from './exceptions.ts'
import { exclusionByDifference, exclusionEvidence } from './exclusion.ts'
import { FollowUp } from './follow-up.ts'
import { Instances } from './instances.ts'
import { LatencyEvidence } from './latency.ts'
import { createMetric } from './metric.ts'
import { logMeanExp } from './numbers.ts'
import { OpenRequests } from './open-requests.ts'
import { Outcomes } from './outcomes.ts'
import { partsOf, smallestSeen, timesNeeded } from './power.ts'
import { PendingFailures } from './pending.ts'
import { compareQuantile, Histogram, isBelow } from './quantiles.ts'
import { Rates } from './rates.ts'
import { PartRates } from './parts.ts'
import { sentenceOf } from './sentence.ts'
import { Spread } from './spread.ts'
import { WarmUp } from './warm-up.ts'

/** The level of the displayed intervals. They do not affect the verdict. */
const intervalAlpha = 0.05
const quantiles = [0.5, 0.9, 0.95, 0.99]
/** A rise in errors per request that is harm even where `ratio` times as many are impossible. */
const harmInPoints = 0.05
/** The part of the wealth at the promotion that is carried over to the requests after it. */
const carried = 0.5

export interface Judge {
  /**
   * Adds a batch; true once the judge has raised an alarm. The cost does not depend on the number
   * of earlier batches.
   */
  observe(batch: Batch): boolean
  /**
   * Adds readings of the metrics that instances report; true once the judge has raised an alarm.
   */
  read(sample: Sample): boolean
  /** Adds the batches of an observation, then its readings, and considers what is pending. */
  see(look: Look): void
  /** The current judgement; `isOver` states that the time of the canary is up. */
  judge(now?: { isOver: boolean }): Judgement
}

/**
 * Judges a canary by its batches in the order of assignment. The probability of a false alarm of
 * the whole verdict, over all time and any number of looks, is at most `alpha`: a weighted mean of
 * the e-values of the metrics is an e-value (Vovk and Wang, Annals of Statistics 2021), and by
 * Ville's inequality it ever reaches 1/alpha with at most that probability. The same observations
 * give the same judgement.
 */
export function createJudge(settings: VerdictSettings): Judge {
  const { tolerance, harm } = settings
  const rates = new Rates({ tolerance: tolerance.errors })
  const open = new OpenRequests()
  const outcomes = new Outcomes(tolerance.errors)
  const routes = new PartRates('routes', tolerance.errors)
  const tenants = new PartRates('tenants', tolerance.errors)
  const spread = new Spread()
  const exceptions = new Exceptions({ ...harm, warm: settings.exceptionsAfter ?? settings.warm })
  /** The share of the last batch. */
  let share = 0
  const instances = new Instances()
  const latency = new LatencyEvidence(tolerance)
  const warmUp = new WarmUp(settings.warm)
  const followUp = new FollowUp(harm.ratio)
  const pendingFailures = new PendingFailures()
  const histograms = { baseline: new Histogram(), canary: new Histogram() }
  /** Those of the warm-up included. */
  const allHistograms = { baseline: new Histogram(), canary: new Histogram() }
  const metrics = Object.entries(settings.metrics).map(([name, one]) => ({
    name,
    ...one,
    metric: createMetric(one),
  }))
  const deciding = metrics.filter(({ advisory }) => !advisory)
  const parts = partsOf(settings)
  const weights = [
    ...[parts.errors, parts.latency, parts.unfinished, parts.status],
    ...[parts.routes, parts.tenants, parts.lastLook],
    ...deciding.map(() => parts.other),
  ]
  const alarm = Math.log(1 / settings.alpha)
  /** The evidence at the promotion; null before it. */
  let atPromotion: number | null = null
  /** ln of the e-value of the last look, which is zero or pays its whole stake. */
  let lastLook: number | null = null
  /** The judgement at the time of the alarm. An alarm is final. */
  let harmful: Judgement | null = null

  const evidences = (): number[] => {
    const { unfinished, '4xx': status } = outcomes.evidences()
    return [
      spread.isNarrow ? Math.min(0, rates.evidence()) : rates.evidence(),
      latency.evidence(),
      unfinished,
      status,
      routes.evidence(),
      tenants.evidence(),
      lastLook ?? -Infinity,
      ...deciding.map(({ metric }) => metric.evidence()),
    ]
  }
  const evidenceOf = (all: number[]): number => {
    const assigned = logMeanExp(all, weights)
    if (atPromotion === null) return assigned
    const later = followUp.evidence(rates.total.baseline)
    return logMeanExp([atPromotion + later, later], [carried, 1 - carried])
  }
  const facts = (metric: string | null, isOver: boolean): Omit<Judgement, 'reason'> => {
    const { total, tallies, seen } = rates
    const all = evidences()
    const excluded = Math.min(
      exclusionEvidence(tallies, harm),
      exclusionByDifference(tallies, Math.max(harmInPoints, harm.difference)),
    )
    const smallest = smallestSeen(tallies, settings)
    const slower = { ratio: harm.latency, slack: tolerance.slack }
    const isNotSlow = [histograms, allHistograms].some((one) =>
      isBelow(0.5, one, settings.alpha, slower),
    )
    const others = metrics.map(({ metric: one, ...named }) => ({
      name: named.name,
      kind: named.kind,
      of: named.of,
      advisory: named.advisory,
      ...one.judge({
        settings,
        excludes: alarm,
        alarms: alarm - Math.log(parts.other),
        isOver,
        intervalAlpha,
      }),
    }))
    const areWell = others.every((one) => one.advisory || one.state === 'healthy')
    // A worker gets no requests and is judged only by its own metrics.
    const hasRequests = total.baseline.requests + total.canary.requests > 0 || deciding.length === 0
    const outcomesNow = [
      ...outcomes.judge(total, alarm, metric),
      ...routes.judge(metric),
      ...tenants.judge(metric),
      ...exceptions.judge(total, alarm),
    ]
    const evidence = evidenceOf(all)
    const unlike = instances.judge(alarm)
    const known = {
      unit: settings.unit,
      total,
      outcomes: outcomesNow,
      instances: unlike,
      evidence,
      alarm,
      isWorseAtEnd: isOver && excluded < alarm && rates.isWorseInOneLook(settings.alpha),
    }
    const doubt = metric === null ? doubtOf(known) : null
    const wouldShow = smallest !== null && smallest <= harm.ratio
    const isWell = !hasRequests || (isNotSlow && (excluded >= alarm || (isOver && wouldShow)))
    const basis =
      metric !== null || doubt !== null || !areWell || !isWell
        ? null
        : !hasRequests || excluded >= alarm
          ? 'excluded'
          : 'power'
    const times = basis === null && !metric ? timesNeeded(tallies, settings) : null
    const shown = histograms.canary.total > 0 ? histograms : allHistograms
    return {
      verdict: metric ? 'harmful' : basis ? 'healthy' : 'undecided',
      metric,
      basis,
      doubt,
      alpha: settings.alpha,
      threshold: log10(alarm),
      evidence: log10(evidence),
      errors: {
        baseline: { ...total.baseline },
        canary: {
          requests: total.canary.requests + followUp.total.requests,
          errors: total.canary.errors + followUp.total.errors,
        },
        evidence: log10(all[0] ?? 0),
        ratio: rates.ratio(intervalAlpha),
        difference: rates.difference(intervalAlpha),
        excluded: log10(excluded),
        excludedAt: log10(alarm),
      },
      latency: {
        evidence: log10(all[1] ?? 0),
        quantiles: quantiles.map((quantile) =>
          compareQuantile(quantile, shown.baseline, shown.canary, intervalAlpha),
        ),
      },
      outcomes: outcomesNow,
      instances: unlike,
      metrics: others,
      needed:
        times === null || seen === 0 ? null : Math.max(0, Math.ceil((times - 1) * seen)) || null,
      smallest,
    }
  }
  const sentence = (known: Omit<Judgement, 'reason'>): string => {
    // After the promotion, failures are not counted by route and tenant.
    const counted = atPromotion === null ? [...routes.counted(), ...tenants.counted()] : []
    const concentration = concentrationOf(rates.total, counted)
    return sentenceOf({ ...known, harm, unit: settings.unit, concentration })
  }
  const look = (): boolean => {
    if (harmful) return true
    const all = evidences()
    if (evidenceOf(all) < alarm) return false
    const names = [
      ...['errors', 'latency', 'unfinished', '4xx'],
      ...[routes.worst() ?? 'errors', tenants.worst() ?? 'errors', 'errors'],
      ...deciding.map(({ name }) => name),
    ]
    const weighed = all.map((ln, i) => ln + Math.log(weights[i] ?? 0))
    // Failures of all requests explain more than those of one route or tenant.
    const isAllRequests = atPromotion !== null || (weighed[0] ?? -Infinity) >= alarm
    const strongest = names[weighed.indexOf(Math.max(...weighed))] ?? 'errors'
    const metric = isAllRequests ? 'errors' : strongest
    const known = facts(metric, false)
    harmful = { ...known, reason: sentence(known) }
    return true
  }
  /** Looks once, when the time is up, at all errors together. */
  const lookAtEnd = (): void => {
    if (lastLook !== null || atPromotion !== null) return
    const isWorse = !spread.isNarrow && rates.isWorseInOneLook(settings.alpha * parts.lastLook)
    lastLook = isWorse ? alarm - Math.log(parts.lastLook) : -Infinity
    look()
  }
  const observeLatency = ({ at, share, baseline, canary }: Batch): void => {
    const isWarm = warmUp.isOver(at)
    warmUp.observe(at, canary)
    latency.observe(at, isWarm ? share : 0, baseline.latency, canary.latency)
    // The odds of the share give both releases the same weight at any time.
    const odds = share / (1 - share)
    for (const one of isWarm ? [histograms, allHistograms] : [allHistograms]) {
      one.baseline.add(baseline.latency, odds)
      if (share > 0) one.canary.add(canary.latency)
    }
  }
  /** Raises the alarm before slow requests end, if their outcomes can no longer prevent it. */
  const consider = (pending: Batch[]): void => {
    const isRepeated = pendingFailures.haveRepeated(pending)
    if (!isRepeated || harmful || atPromotion !== null) return
    const bound = rates.evidenceWith(pending)
    if (logMeanExp([bound, -Infinity], [parts.errors, 1 - parts.errors]) < alarm) return
    for (const batch of pending) rates.add(batch.at, batch.share, batch.baseline, batch.canary)
    const known = facts('errors', false)
    harmful = { ...known, reason: sentence(known) }
  }
  const judge: Judge = {
    observe: (batch) => {
      const { at, baseline, canary } = batch
      share = batch.share
      exceptions.begin(at)
      if (share >= 1) {
        atPromotion ??= logMeanExp(evidences(), weights)
        followUp.add(at, canary)
        return look()
      }
      const failed = open.countFailed(batch)
      rates.add(at, share, failed, canary)
      outcomes.observe(batch)
      instances.observe(batch)
      routes.observe(batch, (name) => name in settings.metrics)
      tenants.observe(batch, () => false)
      spread.observe(batch)
      observeLatency(batch)
      for (const { name, metric } of metrics) {
        const of = ([requests, errors] = [0, 0]) => ({ requests, errors })
        const [b, c] = [baseline.routes?.[name], canary.routes?.[name]]
        if (b ?? c) metric.count(at, share, of(b), of(c))
      }
      return look()
    },
    read: (sample) => {
      for (const { name, metric } of metrics) {
        const readings = sample.metrics[name]
        if (readings) metric.read(sample.at, readings)
      }
      return look()
    },
    see: ({ earlier, batches, pending, sample, exceptions: thrown, isOver }) => {
      if (earlier) latency.rank(earlier)
      for (const batch of batches) judge.observe(batch)
      if (pending) consider(pending)
      if (sample) judge.read(sample)
      if (thrown) exceptions.observe(share, thrown)
      if (isOver) lookAtEnd()
    },
    judge: (now) => {
      if (harmful) return harmful
      const known = facts(null, now?.isOver ?? false)
      return { ...known, reason: sentence(known) }
    },
  }
  return judge
}

const log10 = (ln: number): number => ln / Math.LN10
