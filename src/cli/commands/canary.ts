import type { Client } from '#contract/client.ts'
import type { Watch } from '#contract/deployment/watch.ts'
import { FairleadError } from '#contract/errors.ts'
import type { MetricJudgement } from '#contract/verdict/metric.ts'
import { type Interval, isPart, type Load, type VerdictView } from '#contract/verdict/verdict.ts'
import { createPaint, state, table, took } from '../format.ts'
import { number } from '../arguments.ts'
import type { Register } from '../register.ts'
import { type Context, exitCodes } from '../context.ts'
import { registerPlan } from './canary-plan.ts'

export const register: Register = (program, context) => {
  const canary = program
    .command('canary')
    .description('analyses of canaries, and the evidence that they rest on')
  canary
    .command('show')
    .argument('<run>', 'number of the run', number)
    .description(
      'show the analysis of the canary of a run with its evidence; exits with 1 when it is harmful',
    )
    .addHelpText('after', '\nExamples:\n  $ fairlead canary show 12')
    .action((run: number) => show(context, run))
  canary
    .command('replay')
    .argument('<run>', 'number of the run', number)
    .description(
      'recompute the result from the recorded counts; exits with 1 when the result differs',
    )
    .addHelpText('after', '\nExamples:\n  $ fairlead canary replay 12')
    .action((run: number) => replay(context, run))
  canary
    .command('promote')
    .argument('<run>', 'number of the run', number)
    .description('give the canary of a run all traffic before its analysis ends')
    .addHelpText('after', '\nExamples:\n  $ fairlead canary promote 12')
    .action(async (run: number) => {
      const { client } = await context.connect()
      const { deployment } = await verdictOf(client, run)
      await client.promoteCanary({ params: { deployment } })
      context.answer({ deployment }, () => [`The canary of run ${run} is being promoted`])
    })
  registerPlan(canary, context)
}

/** The analysis of the newest canary of a run. */
async function verdictOf(client: Client, run: number): Promise<VerdictView> {
  const { deployments } = await client.getRun({ params: { run } })
  for (const { deployment } of deployments.toReversed()) {
    if (!deployment) continue
    try {
      return await client.getVerdict({ params: { deployment: deployment.id } })
    } catch (error) {
      if (!(error instanceof FairleadError) || error.code !== 'not_found') throw error
    }
  }
  throw new FairleadError('not_found', { kind: 'canary in run', id: run })
}

async function show(context: Context, run: number): Promise<void> {
  const { client } = await context.connect()
  const view = await verdictOf(client, run)
  const watch = await client
    .getWatch({ params: { deployment: view.deployment } })
    .catch((error: unknown) => {
      if (error instanceof FairleadError && error.code === 'not_found') return null
      throw error
    })
  const isHarmful = view.judgement.verdict === 'harmful' || watch?.state === 'harmful'
  if (isHarmful) context.exit(exitCodes.no)
  context.answer({ ...view, watch }, () => lines(context, view, watch))
}

function lines(context: Context, view: VerdictView, watch: Watch | null): string[] {
  const paint = createPaint(context.isLively())
  const { judgement } = view
  const { errors, latency } = judgement
  const counts = (arm: 'baseline' | 'canary'): string =>
    `${errors[arm].errors} of ${errors[arm].requests} ${view.settings.unit} failed`
  return [
    `${state(judgement.verdict, paint)}  ${judgement.reason}`,
    '',
    ...table(
      [
        [
          'canary',
          `${state(view.state, paint)} for ${took(view.started, view.ended, context.now())}, share ${percent(view.share)}`,
        ],
        ...(watch ? [['since promotion', `${watch.state}: ${watch.reason}`]] : []),
        ...(watch?.proven ? [['proven release', provenCounts(watch.proven)]] : []),
        ['baseline', counts('baseline')],
        ['canary', counts('canary')],
        ['errors, times', range(errors.ratio, (value) => value.toPrecision(3))],
        ['errors, more', range(errors.difference, (value) => percent(value))],
        [
          'evidence',
          `${judgement.evidence.toFixed(2)} of ${judgement.threshold.toFixed(2)} that raise an alarm (log10, α ${judgement.alpha})`,
        ],
        ...latency.quantiles.map(({ quantile, baseline, canary, ratio }) => [
          `p${quantile * 100}`,
          `${ms(baseline)} → ${ms(canary)}, times ${range(ratio, (value) => value.toPrecision(3))}`,
        ]),
        ['load', `${perSecond(view.load.baseline)} → ${perSecond(view.load.canary)}`],
        ...judgement.outcomes
          .filter(isPart)
          .map((one) => [
            one.name,
            `${failedOf(one.baseline)} → ${failedOf(one.canary)} failed: ${one.state}`,
          ]),
        ...judgement.instances.map((one) => [
          one.name,
          `of the ${one.release}: ${one.failed} of ${one.requests} failed, ` +
            `${one.others.failed} of ${one.others.requests} in its other instances`,
        ]),
        ...judgement.outcomes.flatMap(newErrorLine),
        ...judgement.metrics.map((metric) => [
          metric.name,
          `${metric.advisory ? 'advisory' : metric.state}: ${sides(metric)}, times ${range(metric.ratio, (value) => value.toPrecision(3))}`,
        ]),
        [
          'still needed',
          judgement.needed === null ? 'unknown' : `${judgement.needed} ${view.settings.unit}`,
        ],
        [
          'smallest harm',
          judgement.smallest === null
            ? 'none would have been seen yet'
            : `${judgement.smallest.toPrecision(2)} times would have been detected`,
        ],
      ].map(([name = '', text = '']) => [paint.dim(name), text]),
      context.stdout.columns ?? 140,
    ),
  ]
}

const failedOf = ({ count, requests }: { count: number; requests: number }): string =>
  `${count} of ${requests}`

const provenCounts = ({ release, errors, requests }: NonNullable<Watch['proven']>): string =>
  `${release}: ${errors} of ${requests} requests failed`

function newErrorLine({
  name,
  title,
  state: now,
  baseline,
  canary,
}: VerdictView['judgement']['outcomes'][number]): [string, string][] {
  if (title === undefined) return []
  const counts = `${baseline.count} → ${canary.count} of its type`
  const what = now === 'shifted' ? 'holds it' : 'new error'
  return [[what, `${name.replace('/', ' ')}, ${title}: ${counts}`]]
}

function sides({ baseline, canary, quantile, of, kind }: MetricJudgement): string {
  const unit = kind !== 'rate' || of === 'events' ? '' : ` ${of}`
  const one = ({ bad, count, value }: MetricJudgement['canary']): string =>
    value === null
      ? 'unknown'
      : bad === null
        ? value.toPrecision(3)
        : `${bad} in ${Math.round(count)}${unit}`
  return `${quantile === null ? '' : `p${quantile * 100} `}${one(baseline)} → ${one(canary)}`
}

const perSecond = (load: Load | null): string =>
  load === null ? 'unknown' : `${Number(load.perSecond.toPrecision(2))} requests/s per instance`
const percent = (value: number): string => `${Number((value * 100).toPrecision(3))} %`
const ms = (value: number | null): string =>
  value === null ? 'unknown' : `${value.toPrecision(3)} ms`

function range({ estimate, low, high }: Interval, write: (value: number) => string): string {
  const bound = (value: number | null): string => (value === null ? '?' : write(value))
  return estimate === null && low === null && high === null
    ? 'unknown'
    : `${bound(estimate)} (${bound(low)} to ${bound(high)})`
}

async function replay(context: Context, run: number): Promise<void> {
  const { client } = await context.connect()
  const { decided, judgement, deployment } = await verdictOf(client, run)
  if (!decided)
    throw new FairleadError('not_now', { why: `Deployment ${deployment} has no recorded result` })
  const isSame = JSON.stringify(decided) === JSON.stringify(judgement)
  if (!isSame) context.exit(exitCodes.no)
  context.answer({ deployment, isSame, decided, judgement }, () => [
    isSame
      ? `Same result: ${judgement.verdict}. ${judgement.reason}`
      : `Different result: recorded ${decided.verdict} (${decided.reason}), ` +
        `recomputed ${judgement.verdict} (${judgement.reason})`,
  ])
}
