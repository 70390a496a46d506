import { hostname } from 'node:os'
import { FairleadError } from '#contract/errors.ts'
import type { ExperimentPlan, ExperimentRun } from '#contract/experiment/experiment.ts'
import type { Radius } from '#contract/experiment/fault.ts'
import { hostsOf } from '#domains/deployment/open-targets.ts'
import { frozenUntil } from '#domains/deployment/permission.ts'
import { getRelease } from '#domains/deployment/store.ts'
import { allowedInstances, findRefusals, withDeclared } from '#domains/experiment/rules.ts'
import * as store from '#domains/experiment/store.ts'
import { wantedMonitors } from '#domains/monitor/plan.ts'
import { lastRehearsals } from '#domains/rehearsal/store.ts'
import { readCounts } from '#domains/slo/store.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { targetOfRelease } from '#flows/deployment/targets.ts'
import { figuresOf } from '#flows/monitoring/judge-slo.ts'
import { listSlos } from '#flows/monitoring/watch-slos.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { FaultClient } from '#platform/process/fault-client.ts'
import { readCalm, steadyMonitors } from '#views/experiment.ts'
import { readOwner } from './owner.ts'

export type ExperimentDependencies = Pick<Dependencies, 'db' | 'targets' | 'clock' | 'log'>

/** An experiment of a release in an environment, before it begins. */
export interface Proposal {
  app: string
  environment: string
  release: number
  plan: ExperimentPlan
  trigger: ExperimentRun['trigger']
}

export interface Answer {
  refusals: string[]
  radius: Radius | null
  /** instances that the fault hits */
  instances: number
}

/** Reads everything that decides whether an experiment may begin now; changes nothing. */
export async function examine(deps: ExperimentDependencies, one: Proposal): Promise<Answer> {
  const { db } = deps
  const { app, environment, plan } = one
  const now = deps.clock.now()
  const release = await getRelease(db, one.release)
  const target = await targetOfRelease(deps, one.release)
  const [calm, owner, fault, stop, monitors, spent, lastEnd, rehearsals] = await Promise.all([
    readCalm(db, one, hostname()),
    readOwner(db, { app, service: plan.service }, now),
    planFault(target, one),
    store.getExperimentStop(db),
    steadyMonitors(db, one),
    spentObjectives(db, one, now),
    // The experiments of a delivery follow each other.
    one.trigger === 'delivery' ? null : store.lastFaultEnd(db, one),
    lastRehearsals(db, app, environment),
  ])
  const rehearsed = rehearsals.find((last) => last.service === plan.service)
  const isLocal = hostsOf(release?.target ?? { kind: 'process' }).length === 0
  const facts = {
    monitors: withDeclared(monitors, wantedMonitors(one, release?.definition)),
    ...{ plan, now, stop, spent, lastEnd, fault: fault.found },
    ...{ ...calm, ...owner, place: `${app}/${environment}`, instances: fault.instances },
    frozenUntil: frozenUntil(release?.definition.environments[environment]?.freeze ?? [], now)
      ?.until,
    rehearsal: rehearsed?.release === one.release ? rehearsed.state : null,
    isOnlyServer: isLocal && calm.otherServers === 0,
  }
  return {
    refusals: findRefusals({ ...facts, frozenUntil: facts.frozenUntil ?? null }),
    radius: 'radius' in fault.found ? fault.found.radius : null,
    instances: fault.instances,
  }
}

/** What the fault would hit, as its host finds it. */
async function planFault(
  target: { title: string; faults?: FaultClient },
  { app, environment, plan }: Proposal,
): Promise<{ found: { radius: Radius } | { problem: string }; instances: number }> {
  if (!target.faults) return { found: { problem: `${target.title} has no faults` }, instances: 0 }
  const ask = (instances: number) =>
    target.faults!.make(app, environment, {
      ...{ id: 'plan', service: plan.service, action: plan.action, instances, isPlan: true },
      ...{ parameters: plan.parameters, duration: plan.for * 1000 },
    })
  try {
    const first = await ask(1)
    const instances = allowedInstances(plan, first.radius.of)
    return { found: instances > 1 ? await ask(instances) : first, instances }
  } catch (error) {
    if (!(error instanceof FairleadError)) throw error
    return { found: { problem: error.message.replace(/\.$/, '') }, instances: 0 }
  }
}

/** The objectives of an environment that have no error budget left. */
async function spentObjectives(
  db: Database,
  { app, environment }: Pick<Proposal, 'app' | 'environment'>,
  now: number,
): Promise<string[]> {
  const own = (await listSlos(db)).filter(
    ({ monitor }) => monitor.app === app && monitor.environment === environment,
  )
  const left = await Promise.all(
    own.map(async ({ monitor, settings, indicator }) => {
      const { over } = await readCounts(db, indicator, { window: settings.window, now })
      const { budgetLeft } = figuresOf(settings, over)
      return budgetLeft !== null && budgetLeft <= 0 ? [monitor.name] : []
    }),
  )
  return left.flat()
}
