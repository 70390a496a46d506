import { statfs } from 'node:fs/promises'
import { hostname } from 'node:os'
import { readAllowed } from '#domains/configuration/read-allowed.ts'
import { referenceProblem } from '#domains/configuration/references.ts'
import { hostUrl } from '#platform/host-url.ts'
import { statusPageAddress } from '#platform/status-page/place.ts'
import { createTargets } from '#domains/deployment/open-targets.ts'
import type { OpenBucket } from '#domains/deployment/open-bucket.ts'
import { targets } from '#domains/deployment/targets.generated.ts'
import type { Checkouts } from '#domains/source/checkouts.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import type { Hosts } from '#flows/host/hosts.ts'
import { createSlots } from '#flows/step/slots.ts'
import { openBucket } from '#platform/bucket/bucket.ts'
import { systemClock } from '#platform/clock.ts'
import type { Home } from '#platform/home.ts'
import type { Logger } from '#platform/log.ts'
import { createEgressPolicy } from '#platform/net/egress.ts'
import { addressProblem, guardedFetch, publicPolicy } from '#platform/net/private.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { Runner } from '#platform/process/command.ts'
import type { HostClient } from '#platform/process/host-client.ts'
import { findIsolation } from '#platform/process/isolation.ts'
import { isolationOptions } from '#platform/process/isolation-policy.ts'
import { machineVariables, stepPath } from '#platform/process/machine.ts'
import type { SshSettings } from '#platform/ssh/ssh.ts'
import type { SecretBox } from '#platform/secret/secret-box.ts'
import { machinePorts } from './ports.ts'
import type { ServerSettings } from './settings.ts'

export interface DependencyParts {
  hosts: Hosts
  ssh: SshSettings
  home: Home
  env: Record<string, string | undefined>
  settings: ServerSettings
  db: Database
  log: Logger
  host: HostClient
  runner: Runner
  secrets: SecretBox
  source: Checkouts
}

/** Builds what the flows run on. */
export async function buildDependencies(parts: DependencyParts): Promise<Dependencies> {
  const { home, env, settings, db, log, host, hosts, ssh, runner, secrets, source } = parts
  const isolation = await findIsolation(isolationOptions(home.root, env))
  if (isolation.kind === 'none')
    log.warn('steps and services can read the files of the server', { why: isolation.problem })
  return {
    db,
    log,
    home,
    source,
    runner,
    secrets,
    isolation,
    clock: systemClock,
    publicUrl: settings.publicUrl,
    statusPage: settings.statusPage && statusPageAddress(settings.statusPage, home.edgePort),
    edgeHosts: [settings.statusPage?.host, hostUrl(env)?.hostname].filter(
      (host) => host !== undefined,
    ),
    targets: createTargets(targets, {
      ...{ artifacts: home.artifacts, host, edgePort: home.edgePort, ssh },
      edgeHttpsPort: home.edgeHttpsPort,
      remote: (name) => hosts.remote(name),
      machine: { ...machineVariables(env), PATH: stepPath(env) },
      keepFree: settings.diskFloor * 1e6,
      publishFolders: settings.publishFolders,
      remoteFolders: settings.remoteFolders,
      failures: new Map(),
      buckets: openBuckets(settings.buckets),
      ...{ fetch, clock: systemClock, log },
    }),
    ports: machinePorts({ home, env, host }),
    settleMs: settings.settleMs,
    cacheBudget: settings.cacheBudget,
    signalBudget: settings.signalBudget,
    errorBudget: settings.errorBudget,
    slots: createSlots(settings.steps),
    path: stepPath(env),
    ssh,
    hostName: hostname(),
    machine: machineVariables(env),
    egress: egressOf(env, settings),
    references: {
      problem: (reference) => referenceProblem(reference, env),
      read: (app, reference) => readAllowed(db, { app, reference }, { env, fetch }),
    },
    disk: async () => {
      const stats = await statfs(home.root)
      return { free: (stats.bavail * stats.bsize) / 1e6, floor: settings.diskFloor }
    },
  }
}

function openBuckets(file: ServerSettings['buckets']): Map<string, OpenBucket> {
  const opened = Object.entries(file).map(([name, one]): [string, OpenBucket] => [
    name,
    {
      ...{ bucket: openBucket(name, one), apps: one.apps ?? null },
      states: new Map(),
    },
  ])
  return new Map(opened)
}

/** What users may reach: everything on a private machine, otherwise public and named hosts. */
function egressOf(
  env: DependencyParts['env'],
  { privateHosts }: ServerSettings,
): Dependencies['egress'] {
  if (privateHosts === null) return { fetch, problem: async () => null }
  const policy = publicPolicy(createEgressPolicy(env['FAIRLEAD_ALLOW_ADDRESSES']), privateHosts)
  return {
    fetch: guardedFetch(policy),
    problem: (address) => addressProblem(policy, address),
  }
}
