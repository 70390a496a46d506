import type { ChildProcess } from 'node:child_process'
import { statfsSync, writeFileSync, chmodSync, readFileSync, existsSync } from 'node:fs'
import { createServer, connect } from 'node:net'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import type { RehearsalReport } from '#contract/rehearsal/rehearsal.ts'
import { writeAccount } from '#platform/process/account.ts'
import { startApp } from '#platform/process/app-command.ts'
import { confine, type Isolation, userOf } from '#platform/process/isolation.ts'
import { firstError } from '#platform/process/output-error.ts'
import { createMask, hideIn } from '#platform/secret/mask.ts'
import { selfCommand, selfReadable } from '#platform/self.ts'
import { commandOf, environmentOf } from '../start.ts'
import { stageBefore } from './stage-before.ts'
import { copyOnWrite, copyRefused, type FolderCopy, fullCopy, sizeOf } from './copy.ts'
import { differencesOf, isSecretName, judge, lineOf } from './judge.ts'
import {
  beforeMs,
  rehearsalPlan,
  type RehearsalPlan,
  type StagePlan,
  stageReport,
  type StageReport,
  toVariables,
} from './plan.ts'
import { type Facts, notExamined, type Software } from './software.ts'
import {
  commandOf as wordsOfProcess,
  isOfProcess,
  readText,
  softwareOf,
  variablesOf,
  wordsOf,
  workerOf,
} from './words.ts'

type Confined = Extract<Isolation, { kind: 'confined' }>

/** Lines of output that a report has. */
const outputLines = 60

/**
 * The process of one rehearsal: reads its plan from standard input, and writes its report. It ends
 * when that input ends, so that the death of the host ends the rehearsal.
 */
export async function main(): Promise<number> {
  const input = createInterface({ input: process.stdin })
  input.once('close', () => process.exit(1))
  const line = await new Promise<string>((resolve) => input.once('line', resolve))
  const report = await rehearse(rehearsalPlan.parse(JSON.parse(line)))
  await new Promise<void>((done) => {
    process.stdout.write(`${JSON.stringify(report)}\n`, () => done())
  })
  process.exit(0)
}

async function rehearse(plan: RehearsalPlan): Promise<RehearsalReport> {
  const began = performance.now()
  const { service } = plan
  const env = { ...environmentFor(plan), FAIRLEAD_REHEARSAL: 'true' }
  const words = wordsOf(service.run ?? '', env)
  const software = softwareOf(words)
  const mask = createMask((service.secrets ?? []).flatMap((name) => service.env[name] ?? []))
  const report = (
    part: Pick<RehearsalReport, 'state' | 'reason'> & Partial<RehearsalReport>,
  ): RehearsalReport => {
    const whole = {
      ...{ place: null, checks: [], differences: [], memory: 0, disk: 0, output: [], ...part },
      ...{ software: software.name, ms: Math.round(performance.now() - began) },
    }
    return hideIn(mask, whole) as RehearsalReport
  }
  const { isolation } = plan
  if (isolation.kind === 'none')
    return report({
      state: 'unknown',
      reason: `a second instance cannot be kept apart: ${isolation.problem}`,
    })
  const most = memoryOf(plan)
  const staged = await stage(plan, isolation, { env, words, software, memory: most.bytes })
  if ('problem' in staged) return report({ state: 'unknown', reason: staged.problem })
  const { seen, disk } = staged
  const live = await examineLive(plan, software, seen, env)
  const lines = seen.output.filter((one) => one.trim() !== '')
  const judgement = judge({
    ...{ service: service.name, software, seen, live },
    error: errorOf(software, lines),
    freeDisk: freeDiskOf(plan.dataFolder),
    memory: most.bytes,
    memoryLimit: service.memory ?? null,
    seconds: Math.round(plan.limits.ms / 1000),
    isTimeCut: service.health.timeout > plan.limits.ms,
  })
  return report({
    ...judgement,
    differences: await compare(plan, { software, seen, live, env }),
    ...{ memory: seen.memory, disk },
    ...(seen.startMs === null ? {} : { startMs: seen.startMs }),
    output: lines.slice(-outputLines),
  })
}

/** What the output says about the end of the second instance; null for nothing. */
function errorOf(software: Software, lines: string[]): string | null {
  const error = software.explain(lines.join('\n')) ?? firstError(lines)
  return (error?.slice(0, 400) ?? lines.slice(-2).join(' / ').slice(-400)) || null
}

/** The environment with which the host would start the service again. */
function environmentFor({
  release,
  service,
  live,
  dataFolder,
  configFolder,
  place,
  path,
  isolation,
  switches,
}: RehearsalPlan) {
  return environmentOf({
    ...{ release, service, index: 0, dataFolder, configFolder, path, isolation, switches },
    port: service.port ? (service.exclusive?.listens ?? live?.port ?? 12_000) : null,
    metricsFile: join(place, 'tmp', 'metrics'),
  })
}

/** Bytes that the second instance may use: its limit, or most of what is free now. */
function memoryOf({ service, limits }: RehearsalPlan): { bytes: number } {
  const available =
    Number(/^MemAvailable:\s+(\d+)/m.exec(readText('/proc/meminfo'))?.[1] ?? 0) * 1024
  const free = Math.min(limits.memory, available > 0 ? available * 0.8 : limits.memory)
  return { bytes: Math.min(service.memory ?? Infinity, free) }
}

const freeDiskOf = (folder: string): number => {
  const { bsize, bavail } = statfsSync(folder)
  return bsize * bavail
}

interface Staged {
  env: Record<string, string>
  words: string[]
  software: Software
  memory: number
}

/** Runs the stage on a copy of the data; on a full one where copies on write are refused. */
async function stage(
  plan: RehearsalPlan,
  isolation: Confined,
  staged: Staged,
): Promise<{ seen: StageReport; disk: number } | { problem: string }> {
  const { limits, place } = plan
  const folders = [...new Set([plan.dataFolder, ...isolation.policy.writable])].filter(existsSync)
  const most = Math.min(limits.disk, freeDiskOf(place) - limits.keepFree)
  if (most <= 0) return { problem: 'the disk has no space for a rehearsal' }
  const first = await runStage(plan, isolation, staged, copyOnWrite(folders, place), most)
  if (!('refused' in first)) return first
  const size = folders.reduce((sum, folder) => sum + sizeOf(folder), 0)
  if (size > most)
    return {
      problem:
        `its data of ${Math.round(size / 1e6)} MB is more than a rehearsal may copy ` +
        `(${Math.round(most / 1e6)} MB), and this file system has no copy on write`,
    }
  const second = await runStage(plan, isolation, staged, await fullCopy(folders, place), most)
  return 'refused' in second ? { problem: 'the kernel does not permit mounts here' } : second
}

async function runStage(
  plan: RehearsalPlan,
  isolation: Confined,
  { env, words, software, memory }: Staged,
  copy: FolderCopy,
  most: number,
): Promise<{ seen: StageReport; disk: number } | { problem: string } | { refused: true }> {
  const { release, service, folder, dataFolder, configFolder, place } = plan
  const tmp = join(place, 'tmp')
  const relay = await openRelays(plan)
  const isOurs = service.static !== undefined
  const { helpers, filter } = confine(isolation.tools, isolation.policy, {
    user: userOf(release.app, 'services'),
    account: writeAccount(isolation.tools, {
      ...{ user: userOf(release.app, 'services'), home: dataFolder, place: tmp },
    }),
    ...{ isBound: true, cwd: '/', network: false, tmp },
    mounted: [
      { source: relay.hosts, path: '/etc/hosts' },
      ...(plan.nextFiles === null ? [] : [{ source: plan.nextFiles, path: configFolder }]),
    ],
    readable: [
      ...[folder, ...selfReadable, dirname(relay.socket)],
      ...(plan.nextFiles === null ? [configFolder] : []),
      ...(plan.after ? [plan.after.folder, plan.after.configFolder] : []),
      ...(plan.switches ? [plan.switches.folder] : []),
    ],
    writable: [dataFolder, tmp],
  })
  const stagePlan: StagePlan = {
    command: commandOf({ service, folder }),
    cwd: isOurs ? '/' : join(folder, service.directory),
    ...{ env, words, software: software.name, service, memory },
    port: service.port ? Number(env['PORT']) : null,
    host: release.route.host,
    ...stageBefore(plan),
    ms: Math.min(plan.limits.ms, service.health.timeout),
    ...{ relays: relay.relays, relaySocket: relay.socket },
  }
  const child = startApp({
    helpers: [...copy.helpers, ...helpers],
    ...{ filter, command: selfCommand('stage'), env: toVariables(stagePlan), cwd: '/' },
    marker: { FAIRLEAD_PROCESS: plan.marker },
    output: ['pipe', 'pipe'],
  })
  try {
    const more = plan.after ? beforeMs : 0
    return await readStage(child, copy, most, plan.limits.ms + 90_000 + more)
  } finally {
    relay.close()
  }
}

/** Reads the report of the stage, within the limits of disk and time. */
async function readStage(
  child: ChildProcess,
  copy: FolderCopy,
  most: number,
  ms: number,
): Promise<{ seen: StageReport; disk: number } | { problem: string } | { refused: true }> {
  let problem: string | null = null
  const end = (why: string): void => {
    problem ??= why
    child.kill('SIGKILL')
  }
  let disk = 0
  const look = setInterval(() => {
    disk = Math.max(disk, copy.written())
    if (disk > most) end(`it writes more than the ${Math.round(most / 1e6)} MB that it may`)
  }, 200)
  const timer = setTimeout(() => end(`it took more than ${Math.round(ms / 1000)} s`), ms)
  const exited = new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null)).once('exit', resolve)
  })
  const [code, output, errors] = await Promise.all([
    exited,
    child.stdout ? text(child.stdout) : '',
    child.stderr ? text(child.stderr) : '',
  ])
  clearInterval(look)
  clearTimeout(timer)
  if (problem !== null) return { problem }
  if (code === copyRefused) return { refused: true }
  try {
    const seen = stageReport.parse(JSON.parse(output))
    return { seen, disk: Math.max(disk, copy.written()) }
  } catch {
    const why = errors.trim().split('\n').at(-1) || `exit code ${code}`
    return { problem: `the rehearsal itself failed: ${why.slice(0, 300)}` }
  }
}

/** Examines the instance that runs, without a change to it. */
async function examineLive(
  { live, service }: RehearsalPlan,
  software: Software,
  seen: StageReport,
  env: Record<string, string>,
): Promise<Facts | null> {
  if (live === null || live.port === null) return null
  return software
    .examine({
      ...{ port: live.port, env, lines: seen.lines },
      ...{ settingsPath: service.rehearse?.settings, timeoutMs: 5000 },
    })
    .catch((error: unknown) => notExamined((error as Error).message))
}

interface Compared {
  software: Software
  seen: StageReport
  live: Facts | null
  env: Record<string, string>
}

/** Where the second instance differs from the running one. */
async function compare({ live, service }: RehearsalPlan, compared: Compared) {
  const { software, seen, env } = compared
  if (live === null) return []
  const pid = await workerOf({ ...live }, live.port)
  const now = pid === null ? null : variablesOf(pid)
  const words = pid === null ? [] : wordsOfProcess(pid)
  const secrets = new Set(service.secrets)
  const place = (name: string) => lineOf(seen, name.toLowerCase())
  return [
    ...(now === null
      ? []
      : differencesOf('environment', now, seen.variables ?? env, {
          isSecret: (name) => secrets.has(name) || isSecretName(name),
          isVolatile: isOfProcess,
        })),
    ...(words.length === 0 || seen.words.length === 0
      ? []
      : differencesOf('argument', { command: words.join(' ') }, { command: seen.words.join(' ') })),
    ...(compared.live === null || seen.facts === null || seen.facts.problem !== null
      ? []
      : differencesOf('setting', compared.live.settings, seen.facts.settings, {
          isVolatile: (name) => software.volatile.test(name),
          place,
        })),
  ].slice(0, 500)
}

interface Relays {
  relays: StagePlan['relays']
  /** a file for /etc/hosts in which allowed hosts are addresses of the stage */
  hosts: string
  socket: string
  close(): void
}

/** Connects the stage to what `rehearse.allow` names, and to nothing else. */
async function openRelays({ service, place }: RehearsalPlan): Promise<Relays> {
  const allowed = (service.rehearse?.allow ?? []).map((one) => {
    const [host = '', port = ''] = one.split(':')
    return { host, port: Number(port) }
  })
  const names = [...new Set(allowed.map(({ host }) => host))].filter((host) => !isLocal(host))
  const addressOf = (host: string): string =>
    isLocal(host) ? '127.0.0.1' : `127.0.1.${names.indexOf(host) + 1}`
  const hosts = join(place, 'hosts')
  const lines = names.map((host) => `${addressOf(host)} ${host}`)
  writeFileSync(hosts, [readFileSync('/etc/hosts', 'utf8'), ...lines, ''].join('\n'))
  chmodSync(hosts, 0o644)
  const socket = join(place, 'relay', 'socket')
  const server = createServer((inside) => {
    inside.once('data', (chunk: Buffer) => {
      const at = chunk.indexOf('\n')
      const wanted = allowed[Number(chunk.toString('utf8', 0, at))]
      if (at < 1 || !wanted) return inside.destroy()
      const outside = connect(wanted)
      outside.write(chunk.subarray(at + 1))
      inside.pipe(outside).pipe(inside)
      outside.on('error', () => inside.destroy())
    })
    inside.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  chmodSync(socket, 0o666)
  return {
    relays: allowed.map(({ host, port }) => ({ address: addressOf(host), port })),
    ...{ hosts, socket },
    close: () => server.close(),
  }
}

const isLocal = (host: string): boolean => host === 'localhost' || host.startsWith('127.')
