import { createInterface } from 'node:readline'
import type { DriftDifference, DriftReport } from '#contract/drift/drift.ts'
import type { HostRelease } from '#contract/host/release.ts'
import type { HostService } from '#contract/host/service.ts'
import { userOf } from '#platform/process/isolation.ts'
import { environmentOf } from '../start.ts'
import { compareEntries } from './compare-entries.ts'
import { compareService } from './compare-processes.ts'
import { artifactEntries, diskEntries, fileEntries } from './entries.ts'
import { type DriftPlan, driftPlan } from './plan.ts'
import { readInstance, type RunningInstance } from './running.ts'

/** Differences that a report lists. */
const most = 200

/**
 * The process that compares: reads its plan from standard input, and writes its report. It ends
 * when that input ends, so that the death of the host ends it.
 */
export async function main(): Promise<number> {
  const input = createInterface({ input: process.stdin })
  input.once('close', () => process.exit(1))
  const line = await new Promise<string>((resolve) => input.once('line', resolve))
  const report = await findDrift(driftPlan.parse(JSON.parse(line)))
  await new Promise<void>((done) => {
    process.stdout.write(`${JSON.stringify(report)}\n`, () => done())
  })
  process.exit(0)
}

type PlannedService = DriftPlan['services'][number]

/** Compares what is declared, what is on disk and what runs. Throws an OciError. */
export async function findDrift(plan: DriftPlan): Promise<DriftReport> {
  const began = performance.now()
  const running = new Map(
    plan.services.map(({ name, instances }) => [
      name,
      instances.flatMap((instance) => readInstance(instance) ?? []),
    ]),
  )
  const everything = [...running.values()].flat()
  const artifact = await ofArtifact(plan, everything)
  const files = await Promise.all(plan.services.map((one) => ofFiles(plan, one, running)))
  const differences = [
    ...ofRelease(plan),
    ...ofServices(plan, running),
    ...files.flatMap((one) => one.differences),
    ...artifact.differences,
  ]
  return {
    release: plan.stored.release,
    differences: differences.slice(0, most),
    total: differences.length,
    files: artifact.count + files.reduce((sum, { count }) => sum + count, 0),
    processes: everything.length,
    ms: Math.round(performance.now() - began),
  }
}

interface Compared {
  differences: DriftDifference[]
  /** files that were compared */
  count: number
}

function ofRelease({ declared, stored }: DriftPlan): DriftDifference[] {
  if (declared.artifact === stored.artifact) return []
  const values = { declared: declared.artifact, disk: stored.artifact, running: stored.artifact }
  return [
    {
      ...{ service: null, kind: 'release', name: 'artifact', ...values, isSecret: false },
      ...{ atRestart: false, remedy: 'deploy', changed: null },
    },
  ]
}

async function ofArtifact(
  { stored, folder, isolation }: DriftPlan,
  running: RunningInstance[],
): Promise<Compared> {
  const declared = await artifactEntries(stored.layout, stored.artifact)
  const differences = compareEntries(declared, await diskEntries(folder), {
    ...{ kind: 'artifact', service: null },
    // A service that is not isolated may write beside its files.
    hasExtras: isolation.kind === 'confined',
    started: running.map(({ started }) => started),
  })
  return { differences, count: declared.size }
}

async function ofFiles(
  { declared, isolation }: DriftPlan,
  { name, configFolder }: PlannedService,
  running: Map<string, RunningInstance[]>,
): Promise<Compared> {
  const service = serviceOf(declared, name)
  if (!service) return { differences: [], count: 0 }
  const owner =
    isolation.kind === 'none' || isolation.tools.setpriv === null
      ? null
      : userOf(declared.app, 'services')
  const wanted = fileEntries(service.files ?? [], owner)
  const differences = compareEntries(wanted, await diskEntries(configFolder), {
    ...{ kind: 'file', service: name, hasExtras: true },
    started: (running.get(name) ?? []).map(({ started }) => started),
  })
  return { differences, count: wanted.size }
}

const serviceOf = ({ services }: HostRelease, name: string): HostService | null =>
  services.find((one) => one.name === name) ?? null

function ofServices(plan: DriftPlan, running: Map<string, RunningInstance[]>): DriftDifference[] {
  const { declared, stored, isolation } = plan
  const names = new Set([...declared.services, ...stored.services].map(({ name }) => name))
  const isFixed = isolation.kind === 'confined' && isolation.tools.setpriv !== null
  // The server does not declare the variables of the machine, such as those of proxies.
  const wanted = { ...declared, env: { ...stored.env, ...declared.env } }
  return [...names].flatMap((name) => {
    const now = running.get(name) ?? []
    return compareService({
      name,
      declared: startOf(plan, wanted, name),
      disk: startOf(plan, stored, name),
      running: now,
      user: isFixed ? userOf(stored.app, 'services') : null,
      hasLimits: now.some(({ memory }) => memory !== null),
    })
  })
}

/** A service with the variables that the host would start it with; null when there is none. */
function startOf(plan: DriftPlan, release: HostRelease, name: string) {
  const { services, isolation, path, switches } = plan
  const service = serviceOf(release, name)
  const place = services.find((one) => one.name === name)
  if (!service) return null
  const { dataFolder = '', configFolder = '' } = place ?? {}
  const env = environmentOf({
    ...{ release, service, dataFolder, configFolder, path, isolation, switches },
  })
  return { service, env }
}
