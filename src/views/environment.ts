import type { Environment, Instance } from '#contract/environment/environment.ts'
import type { EnvironmentFile } from '#contract/pipeline-file/pipeline-file.ts'
import type { Deployment } from '#contract/run/run.ts'
import { getStored } from '#domains/configuration/store.ts'
import { findRollbackTarget, type PastDeployment } from '#domains/deployment/deployment.ts'
import * as deployments from '#domains/deployment/store.ts'
import { listMachineRuns } from '#domains/machine/store.ts'
import { type OpenTarget, type Targets } from '#domains/deployment/open-targets.ts'
import type { ReleaseReport } from '#domains/deployment/target.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { incompatibility } from './before.ts'
import { readCertificates } from './domain.ts'
import { getDeployment, liveDeployment, pastDeployments, pendingDeployments } from './deployment.ts'

/** What the state of an environment is read from. */
export interface EnvironmentSources {
  db: Database
  targets: Targets
}

/** Reads an environment: its deployments from the database, its instances from the target. */
export async function readEnvironment(
  { db, targets }: EnvironmentSources,
  stored: deployments.StoredEnvironment,
): Promise<Environment> {
  const { app, name } = stored
  const [current, pending, history, holds, configuration, machineRuns] = await Promise.all([
    liveDeployment(db, app, name),
    pendingDeployments(db, app, name),
    pastDeployments(db, app, name),
    deployments.heldChanges(db, app),
    getStored(db, app, name),
    listMachineRuns(db, { app, environment: name, limit: 1 }),
  ])
  const held = holds.filter((hold) => hold.environment === name).map((hold) => hold.sha)
  const release = current ? await deployments.getRelease(db, current.release) : null
  const target = targets.of(release?.target ?? stored.target)
  const file = release?.definition.environments[name]
  const [report, certificates] = await Promise.all([
    current ? reportOrNull(target, current) : null,
    readCertificates(db, target, { app, environment: name, domains: domainsOf(file) }),
  ])
  const rollback = findRollbackTarget(history, held)
  // A port that is not open may lead to another program.
  const hasPort = report?.portProblem === undefined
  const { domains } = stored
  const urls = target.urls({ app, environment: name, port: hasPort ? stored.port : null, domains })
  const to = rollback.to === null ? null : await getDeployment(db, rollback.to)
  return {
    app,
    name,
    position: stored.position,
    isInFile: stored.isInFile,
    target: { kind: target.kind, title: target.title, capabilities: target.capabilities },
    urls,
    current: current && hasPort ? current : current && { ...current, url: urls[0] ?? null },
    problem: report?.portProblem ?? null,
    pending,
    isProven: current && isProven(history, current),
    rollback: {
      possible: to !== null,
      reason: rollback.to === null ? rollback.reason : null,
      incompatible: to && (await incompatibility(db, to)),
      to,
      isProven: to && isProven(history, to),
    },
    health: health(current, report),
    instances:
      current && report ? report.instances.map((one) => toInstance(one, current.release)) : [],
    configuration: current?.configuration ?? configuration.version,
    certificates,
    change: changeOf(file),
    hasMachines: machineRuns.length > 0,
    held,
  }
}

const isProven = (history: PastDeployment[], { release }: Deployment): boolean =>
  history.find((past) => past.release === release)?.isProven ?? false

/** A definition that was stored before there were domains lacks them. */
const domainsOf = (file: Partial<EnvironmentFile> = {}): EnvironmentFile['domains'] =>
  file.domains ?? []

/** A change of the configuration follows the definition of the release that is live. */
function changeOf(file: Partial<EnvironmentFile> = {}): Environment['change'] {
  // A definition that was stored before approvals existed lacks them.
  const { strategy = 'blue-green', freeze = [], approve } = file
  return { strategy, needsPermission: freeze.length > 0 || approve !== undefined }
}

/** The state of a live release at its target; null when the target does not answer. */
export async function reportOrNull(
  target: OpenTarget,
  current: Pick<Deployment, 'app' | 'environment' | 'release'>,
): Promise<ReleaseReport | null> {
  try {
    return await target.report(
      { app: current.app, environment: current.environment, release: current.release },
      0,
    )
  } catch {
    return null
  }
}

/** Without a report, or when the target does not have the release, the health is `unknown`. */
export function health(
  current: object | null,
  report: ReleaseReport | null,
): Environment['health'] {
  if (!current) return 'empty'
  if (!report || report.state === 'missing') return 'unknown'
  const isHealthy =
    report.state === 'ready' &&
    report.instances.every((one) => one.state === 'healthy' && !one.isLooping)
  return isHealthy ? 'healthy' : 'unhealthy'
}

function toInstance(reported: ReleaseReport['instances'][number], release: number): Instance {
  return {
    service: reported.service,
    index: reported.index,
    ...(reported.host === undefined ? {} : { host: reported.host }),
    state: reported.state,
    pid: reported.pid,
    port: reported.port,
    started: reported.started === null ? null : new Date(reported.started).toISOString(),
    restarts: reported.restarts,
    isLooping: reported.isLooping,
    release,
  }
}
