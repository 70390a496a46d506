import { execFile } from 'node:child_process'
import { appendFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { isAbsolute, join } from 'node:path'
import { firstError } from '#platform/process/output-error.ts'
import { checkHealth } from '../health.ts'
import { listenersOf } from '../processes.ts'
import { explainListeners } from '../rules.ts'
import {
  beforeMs,
  fromVariables,
  type StageInstance,
  type StagePlan,
  type StageReport,
} from './plan.ts'
import { endWithin, type SecondInstance, startInstance } from './second-instance.ts'
import type { Access, ConfigLine, Facts, Software } from './software.ts'
import { commandOf, readText, softwareNamed, variablesOf, workerOf } from './words.ts'

/** Lines of output that are kept. */
const linesKept = 200
/** Milliseconds between two looks at the second instance. */
const pauseMs = 50
/** Milliseconds that it must stay up after it became healthy. */
const settleMs = 500
/** Milliseconds in which one that closed a connection ends, if it does. */
const lateEndMs = 10_000

/**
 * Runs inside the sandbox of a rehearsal, as the user of the app: starts the second instance,
 * examines it, and writes one JSON document. When it ends, the kernel ends everything else in the
 * sandbox.
 */
export async function main(): Promise<number> {
  const report = await perform(fromVariables(process.env))
  await new Promise<void>((done) => {
    process.stdout.write(`${JSON.stringify(report)}\n`, () => done())
  })
  process.exit(0)
}

async function perform(plan: StagePlan): Promise<StageReport> {
  const software = softwareNamed(plan.software)
  for (const index of plan.relays.keys()) await openRelay(plan, index)
  const failed = await beforeInstance(plan)
  if (failed !== null) return failed
  removeStale(plan)
  const lines = configOf(plan, software)
  spareCopy(plan)
  const began = performance.now()
  const log = openLogs(plan, software, lines)
  const instance = startInstance(plan)
  const watch = watchMemory(plan.memory, () => instance.kill())
  const { health, exceeded, attempts, goodSince, ...end } = await untilHealthy(
    plan,
    instance,
    watch,
  )
  const isHealthy = health === null && end.ended === null && exceeded === null
  const access: Access = {
    ...{ port: plan.port ?? 0, env: plan.env, lines },
    ...{ settingsPath: plan.service.rehearse?.settings, timeoutMs: plan.ms },
  }
  const asked = performance.now()
  const answer = isHealthy && plan.port !== null ? await software.examine(access) : null
  const answered = performance.now() - asked
  const ended = isCutOff(answer) ? await endWithin(instance, lateEndMs) : end.ended
  const [isUp, facts] = ended === null ? [isHealthy, answer] : [false, null]
  const write = facts?.problem === null ? ((await software.write?.(access)) ?? null) : null
  const worker = isUp ? await workerOf(instance.origin(), plan.port) : null
  const command = isUp ? await runOwn(plan) : null
  const output = [...instance.output(), ...log()]
  return {
    ...{ ended, health, exceeded, attempts, facts, write, command, lines, before: null },
    startMs: goodSince === null ? null : Math.round(goodSince - began + answered),
    words: worker === null ? [] : commandOf(worker),
    variables: worker === null ? null : variablesOf(worker),
    blame: isUp ? null : blameOf(plan, software, output.join('\n'), lines),
    memory: watch.peak(),
    output: output.slice(-linesKept),
  }
}

/** Whether an instance closed the connection of the examination. */
const isCutOff = (facts: Facts | null): boolean =>
  /\b(ECONNRESET|ECONNREFUSED|EPIPE)\b|closed the connection/.test(facts?.problem ?? '')

/** What is appended to the logs of a program from now on, as lines. */
function openLogs(plan: StageInstance, software: Software, lines: ConfigLine[]): () => string[] {
  const logs = software.logs(plan.words, lines).map((file) => {
    const path = resolveIn(plan, file)
    return { path, size: statSync(path, { throwIfNoEntry: false })?.size ?? 0 }
  })
  return () =>
    logs.flatMap(({ path, size }) =>
      Buffer.from(readText(path))
        .subarray(size)
        .subarray(-64_000)
        .toString('utf8')
        .split('\n')
        .map((line) => line.slice(0, 1000)),
    )
}

/** Removes files of the running process that keep another one from a start. */
function removeStale(plan: StageInstance): void {
  for (const file of softwareNamed(plan.software).stale(plan.words, plan.env))
    rmSync(resolveIn(plan, file), { force: true })
}

/** Keeps a start from copying all of the data. */
function spareCopy(plan: StageInstance): void {
  const read = (file: string): string => readText(resolveIn(plan, file))
  const size = (file: string): number =>
    statSync(resolveIn(plan, file), { throwIfNoEntry: false })?.size ?? 0
  try {
    const { spare } = softwareNamed(plan.software)
    for (const { file, text } of spare(plan.words, plan.env, read, size))
      appendFileSync(resolveIn(plan, file), text)
  } catch {
    // Its user cannot change the file, and it copies more.
  }
}

/**
 * Starts the services with data, and runs the command before the start. Returns the report of a
 * problem, or null.
 */
async function beforeInstance(plan: StagePlan): Promise<StageReport | null> {
  const watch = watchMemory(plan.memory, () => {
    process.stderr.write('the command before the start needs more memory than is free\n')
    process.exit(1)
  })
  try {
    return await startFirst(plan, watch)
  } finally {
    watch.stop()
  }
}

async function startFirst(
  plan: StagePlan,
  watch: { isExceeded(): boolean },
): Promise<StageReport | null> {
  for (const one of plan.first) {
    removeStale(one)
    spareCopy(one)
    const instance = startInstance(one)
    const seen = await untilHealthy({ ...plan, ...one }, instance, watch)
    const problem = seen.health === null ? await unreadable(one, plan.ms) : seen.health
    if (problem !== null) {
      const what = seen.ended ?? `is not healthy: ${problem}`
      const reason = `${one.service.name} ${what} on a copy of its data`
      return nothing(instance.output(), seen.attempts, { isCommand: false, problem: reason })
    }
  }
  if (plan.before === null) return null
  const failedBefore = failedConnections()
  const { code, output } = await runShell(plan.before, beforeMs)
  if (code === 0) return null
  const attempts = failedConnections() - failedBefore
  const how = code === null ? `did not end within ${beforeMs / 1000} s` : `failed with ${code}`
  const said = (firstError(output.split('\n')) ?? output.trim().split('\n').at(-1) ?? '').slice(
    0,
    300,
  )
  const problem = `${how} on a copy of the data${said === '' ? '' : `: ${said}`}`
  return nothing(output.split('\n'), attempts, { isCommand: code !== null, problem })
}

/** Waits until an instance has read its data: databases listen before. Returns why not, or null. */
async function unreadable(one: StageInstance, timeoutMs: number): Promise<string | null> {
  if (one.port === null) return null
  const software = softwareNamed(one.software)
  const lines = configOf(one, software)
  const { isBusy, problem } = await software.examine({
    ...{ port: one.port, env: one.env, lines, timeoutMs },
    settingsPath: undefined,
  })
  return isBusy ? problem : null
}

/** The report of a stage without a second instance. */
const nothing = (
  output: string[],
  attempts: number,
  before: StageReport['before'],
): StageReport => ({
  ...{ ended: null, health: null, exceeded: null, attempts, before, facts: null, write: null },
  ...{
    startMs: null,
    command: null,
    words: [],
    variables: null,
    lines: [],
    blame: null,
    memory: 0,
  },
  output: output.slice(-linesKept),
})

const resolveIn = ({ cwd }: StageInstance, file: string): string =>
  isAbsolute(file) ? file : join(cwd, file)

function configOf(plan: StageInstance, software: Software): ConfigLine[] {
  return software
    .files(plan.words, plan.env)
    .map((file) => resolveIn(plan, file))
    .flatMap((file) => software.parse(readText(file)).map((line) => ({ file, ...line })))
    .slice(0, 5000)
}

/** The line that its output reports as wrong, read with the rights of the app. */
function blameOf(
  plan: StagePlan,
  software: Software,
  output: string,
  lines: ConfigLine[],
): StageReport['blame'] {
  const found = software.blame(output, lines)
  const [named] = software.files(plan.words, plan.env)
  const file = found?.file ?? named
  if (!found || file === undefined) return null
  const path = resolveIn(plan, file)
  const text = readText(path).split('\n')[found.line - 1]
  return text === undefined ? null : { file: path, line: found.line, text: text.slice(0, 300) }
}

async function untilHealthy(
  plan: StagePlan,
  instance: SecondInstance,
  watch: { isExceeded(): boolean },
): Promise<
  Pick<StageReport, 'health' | 'ended' | 'exceeded' | 'attempts'> & { goodSince: number | null }
> {
  const { service, port, host } = plan
  const until = performance.now() + plan.ms
  const { path, headers } = service.health
  let [goodSince, refused] = [null as number | null, 0]
  const failedBefore = failedConnections()
  for (;;) {
    const problem = port === null ? null : await checkHealth(port, { path, headers, host }, 5000)
    if (problem?.text.startsWith('nothing listens')) refused += 1
    const now = performance.now()
    goodSince = problem === null ? (goodSince ?? now) : null
    const end = (health: string | null, exceeded: StageReport['exceeded']) => ({
      ...{ health, exceeded, ended: instance.ended(), goodSince },
      // The checks above were refused as well.
      attempts: Math.max(0, failedConnections() - failedBefore - refused),
    })
    if (watch.isExceeded()) return end('it needs more memory', 'memory')
    if (instance.ended() !== null) return end('it ended', null)
    if (goodSince !== null && now - goodSince >= settleMs) return end(null, null)
    if (now > until) return end(`${problem?.text ?? ''}${await explain(port)}`, 'time')
    await new Promise((wake) => setTimeout(wake, pauseMs))
  }
}

async function explain(port: number | null): Promise<string> {
  if (port === null) return ''
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && name !== '1')
  const others = pids.map(Number).filter((pid) => pid !== process.pid)
  return explainListeners(await listenersOf(others), port)
}

/**
 * Connections and datagrams of this network namespace that reached nothing, as the kernel counts
 * them: no route, refused, or no port. See `/proc/net/snmp` in proc_net(5).
 */
function failedConnections(): number {
  const tables = `${readText('/proc/net/snmp')}\n${readText('/proc/net/snmp6')}`.split('\n')
  const field = (protocol: string, name: string): number => {
    const [head = '', values = ''] = tables.filter((line) => line.startsWith(`${protocol}:`))
    return Number(values.split(' ')[head.split(' ').indexOf(name)] ?? 0) || 0
  }
  const single = (name: string): number =>
    Number(
      tables
        .find((line) => line.startsWith(`${name} `))
        ?.trim()
        .split(/\s+/)[1] ?? 0,
    ) || 0
  return (
    field('Ip', 'OutNoRoutes') +
    field('Tcp', 'AttemptFails') +
    field('Udp', 'NoPorts') +
    single('Ip6OutNoRoutes')
  )
}

/** Ends the second instance when the processes of the sandbox use more memory than `most` bytes. */
function watchMemory(most: number, kill: () => void) {
  let [peak, isExceeded] = [0, false]
  const look = (): void => {
    const used = usedMemory()
    peak = Math.max(peak, used)
    if (used <= most) return
    isExceeded = true
    kill()
  }
  const timer = setInterval(look, 100)
  return {
    isExceeded: () => isExceeded,
    stop: () => clearInterval(timer),
    peak: () => {
      look()
      return peak
    },
  }
}

/** Anonymous memory of all processes but this one and the first; shared memory counts once. */
function usedMemory(): number {
  let [own, shared] = [0, 0]
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name) || name === '1' || name === String(process.pid)) continue
    const status = readText(`/proc/${name}/status`)
    const kilobytes = (field: string): number => {
      const line = status.split('\n').find((one) => one.startsWith(`${field}:`)) ?? ''
      return Number.parseInt(line.slice(field.length + 1), 10) || 0
    }
    own += kilobytes('RssAnon')
    shared = Math.max(shared, kilobytes('RssShmem'))
  }
  return (own + shared) * 1024
}

/** Runs the command of `rehearse`. */
async function runOwn(plan: StagePlan): Promise<StageReport['command']> {
  const run = plan.service.rehearse?.run
  if (run === undefined) return null
  const env = {
    ...plan.env,
    ...(plan.port === null ? {} : { FAIRLEAD_URL: `http://127.0.0.1:${plan.port}` }),
  }
  return runShell({ command: ['/bin/sh', '-c', run], cwd: plan.cwd, env }, 60_000)
}

function runShell(
  { command: [program, ...words], cwd, env }: NonNullable<StagePlan['before']>,
  timeout: number,
): Promise<NonNullable<StageReport['command']>> {
  return new Promise((resolve) => {
    const options = { cwd, env, timeout, maxBuffer: 1_000_000 }
    execFile(program, words, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null
      resolve({ code, output: `${stdout}${stderr}`.slice(-2000) })
    })
  })
}

/** Listens in place of an allowed address, and passes connections on to the world outside. */
function openRelay({ relays, relaySocket }: StagePlan, index: number): Promise<void> {
  const { address, port } = relays[index] ?? { address: '127.0.0.1', port: 0 }
  const server = createServer((client) => {
    const outside = connect(relaySocket)
    outside.write(`${index}\n`)
    client.pipe(outside).pipe(client)
    client.on('error', () => outside.destroy())
    outside.on('error', () => client.destroy())
  })
  return new Promise((resolve) => {
    // An address that is in use is one that the instance itself has.
    server.once('error', () => resolve())
    server.listen(port, address, () => resolve())
  })
}
