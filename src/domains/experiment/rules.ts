import { faultActions } from '#contract/experiment/actions.generated.ts'
import type { ExperimentPlan } from '#contract/experiment/experiment.ts'
import type { Radius } from '#contract/experiment/fault.ts'
import type { ExperimentFile } from '#contract/pipeline-file/experiment-file.ts'

/** The state of a monitor of the environment. */
export interface SteadyMonitor {
  name: string
  kind: string
  service: string | null
  state: 'up' | 'down' | 'degraded' | 'unknown' | 'maintenance'
  reason: string
  /** fairlead.yaml declares it */
  isDeclared: boolean
}

/** What decides whether an experiment may begin. Times are in milliseconds. */
export interface RefusalFacts {
  plan: ExperimentPlan
  place: string
  /** customers use the environment: it is the last one of its app */
  isLast: boolean
  now: number
  /** who stopped all experiments, and why; null for nobody */
  stop: { actor: string; reason: string } | null
  monitors: SteadyMonitor[]
  /** titles of the alerts that are open in the environment */
  alerts: string[]
  /** numbers of the incidents of the app that are not over */
  incidents: number[]
  /** deployments that wait or are in progress, and releases that are still watched */
  deployments: number[]
  watched: number | null
  frozenUntil: number | null
  /** names of the objectives whose error budget is used up */
  spent: string[]
  /** when the last fault of the environment ended */
  lastEnd: number | null
  /** the person on call in the team that owns the service; null for nobody */
  onCall: string | null
  /** when the working hours of the team begin next; null during them, or without them */
  hoursBegin: number | null
  /** what the last rehearsal of the service of this release found; null without one */
  rehearsal: 'returns' | 'fails' | 'unknown' | null
  /** the plan of the fault on the host */
  fault: { radius: Radius } | { problem: string }
  /** instances of the service that the experiment may hit */
  instances: number
  /** the service runs on the machine of the only server */
  isOnlyServer: boolean
}

/** The actions after which instances must start again. */
const ending = new Set(
  faultActions.flatMap(({ name, endsInstances }) => (endsInstances ? name : [])),
)

/**
 * Why an experiment does not begin, one sentence each without a full stop; empty when it may. What
 * is not known is a reason, too. Pure.
 */
export function findRefusals(facts: RefusalFacts): string[] {
  return [
    stopped(facts),
    ...steadyProblems(facts.monitors),
    ...facts.alerts.map((title) => `an alert is open: ${title}`),
    ...facts.incidents.map((id) => `incident ${id} is not over`),
    ...facts.deployments.map((id) => `deployment ${id} is under way`),
    facts.watched === null ? null : `deployment ${facts.watched} is still watched for harm`,
    facts.frozenUntil === null
      ? null
      : `${facts.place} is frozen until ${timeText(facts.frozenUntil)}`,
    ...facts.spent.map((name) => `the error budget of ${name} is used up`),
    tooSoon(facts),
    ...nobodyThere(facts),
    noWayBack(facts),
    ...unsafeRadius(facts),
  ].filter((reason) => reason !== null)
}

const stopped = ({ stop }: RefusalFacts): string | null =>
  stop === null ? null : `${stop.actor} stopped all experiments: ${stop.reason}`

/** What must be up, and not only not down: what people declared, and that the service answers. */
const mustBeUp = ({ isDeclared, kind }: SteadyMonitor): boolean =>
  (isDeclared && kind !== 'slo') || kind === 'reachable'

/**
 * Where an environment differs from its steady state. Judgements of requests may be unknown,
 * because a service without requests has none; checks may not. Pure.
 */
export function steadyProblems(monitors: readonly SteadyMonitor[]): string[] {
  if (!monitors.some(mustBeUp))
    return ['no monitor checks the environment, so that nobody would notice harm']
  return monitors
    .filter((one) =>
      mustBeUp(one) ? one.state !== 'up' : one.state === 'down' || one.state === 'degraded',
    )
    .map(({ name, state, reason }) => `the monitor ${name} is ${state}${because(reason)}`)
}

/**
 * The monitors of an environment with those that its release declares and that do not exist yet,
 * shortly after it became live. Pure.
 */
export const withDeclared = (
  monitors: readonly SteadyMonitor[],
  declared: readonly Pick<SteadyMonitor, 'name' | 'kind' | 'service'>[],
): SteadyMonitor[] => [
  ...monitors,
  ...declared
    .filter(({ name }) => !monitors.some((one) => one.isDeclared && one.name === name))
    .map(({ name, kind, service }) => ({
      ...{ name, kind, service, state: 'unknown' as const },
      ...{ reason: 'it has not been checked yet', isDeclared: true },
    })),
]

const because = (reason: string): string => (reason === '' ? '' : `: ${reason}`)

const timeText = (ms: number): string =>
  `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`

function tooSoon({ lastEnd, plan, now, place }: RefusalFacts): string | null {
  if (lastEnd === null) return null
  const free = lastEnd + plan.pause * 1000
  if (now >= free) return null
  const wait = `wait ${Math.ceil((free - now) / 1000)} s`
  return `the last experiment of ${place} ended less than ${plan.pause} s ago; ${wait}`
}

/** Customers must not be hit while nobody who owns the service is there. */
function nobodyThere(facts: RefusalFacts): (string | null)[] {
  if (!facts.isLast) return []
  return [
    facts.onCall === null ? `nobody is on call for ${facts.plan.service}` : null,
    facts.hoursBegin === null
      ? null
      : `it is outside of the working hours of the team, which begin ${timeText(facts.hoursBegin)}`,
  ]
}

function noWayBack({ plan: { action, service }, rehearsal }: RefusalFacts): string | null {
  if (!ending.has(action)) return null
  if (rehearsal === 'returns') return null
  return rehearsal === null
    ? `the restart of ${service} was not rehearsed with this release`
    : `the last rehearsal does not show that ${service} would start again`
}

function unsafeRadius(facts: RefusalFacts): (string | null)[] {
  const { plan, instances, fault, isOnlyServer } = facts
  if ('problem' in fault) return [`the fault is not possible here: ${fault.problem}`]
  const { radius } = fault
  return [
    radius.of === 0 ? `${plan.service} has no instances` : null,
    radius.of > 0 && instances === 0
      ? `${plan.share} % of ${radius.of} instances of ${plan.service} is less than one`
      : null,
    radius.isHost && isOnlyServer
      ? `${plan.action} hits the whole machine, which is that of the only server`
      : null,
  ]
}

/** How many instances a fault may hit: at most the number, and at most the share. Pure. */
export const allowedInstances = (
  { instances, share }: Pick<ExperimentPlan, 'instances' | 'share'>,
  of: number,
): number => Math.min(instances, Math.floor((of * share) / 100))

/** An experiment of a file as it is stored with each run. Pure. */
export const planOf = ({
  action,
  parameters,
  service,
  for: seconds,
  instances,
  share,
  expect,
  allow,
  recovery,
  pause,
  every,
}: ExperimentFile): ExperimentPlan => ({
  ...{ action, parameters, service, for: seconds, instances, share },
  ...{ expect: expect ?? null, allow, recovery, pause, every: every ?? null },
})
