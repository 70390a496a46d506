import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { targets } from '#domains/deployment/targets.generated.ts'
import { readPipelineFile } from '#domains/pipeline/file.ts'
import { proposePipelineFile } from '#domains/init/init.ts'
import { localRun, type LocalRunMessage } from '#flows/step/local-run.ts'
import type { Runner } from '#platform/process/command.ts'
import { createLogger } from '#platform/log.ts'
import { machineVariables } from '#platform/process/machine.ts'
import { startRunner } from '#platform/process/runner-client.ts'
import { selfCommand } from '#platform/self.ts'
import { type Program, requires } from './support/programs.ts'

const root = fileURLToPath(new URL('../examples/', import.meta.url))
const examples = readdirSync(root, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
)

/** The answer of each at `/`, and the programs that it needs. */
const known: Record<string, { says: string; programs: Program[]; health: string }> = {
  prepaid: { says: 'release <b>7</b>', programs: [], health: '/health' },
  site: { says: '<h1>The harbour</h1>', programs: [], health: '/' },
  'python-service': { says: '"release": "7"', programs: ['python3'], health: '/health' },
  'c-service': { says: 'release 7 in test', programs: ['gcc', 'make'], health: '/health' },
}

// The PATH of this test without the repository's own programs: the samples work with what the
// machine has.
const path = (process.env['PATH'] ?? '')
  .split(':')
  .filter((folder) => !folder.includes('node_modules'))
  .join(':')
const machine = machineVariables(process.env)

function load(folder: string): PipelineFile & { app: string } {
  const read = readPipelineFile(readFileSync(join(folder, 'fairlead.yaml')), {
    file: 'fairlead.yaml',
    defaultApp: 'sample',
    targets,
  })
  if (!read.ok) throw new Error(JSON.stringify(read.problems))
  return read.pipeline
}

let runner: Runner
let work: string

beforeAll(async () => {
  runner = await startRunner({ log: createLogger(() => undefined), leaseMs: 600_000 })
  work = mkdtempSync(join(tmpdir(), 'fairlead-examples-'))
  for (const name of examples) cpSync(join(root, name), join(work, name), { recursive: true })
})
afterAll(async () => {
  await runner.close()
  rmSync(work, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
})

async function runSteps(
  folder: string,
): Promise<{ passed: boolean; ends: string[]; output: string }> {
  const messages: LocalRunMessage[] = []
  const { passed } = await localRun({
    parallel: 2,
    folder,
    pipeline: load(folder),
    steps: [],
    runner,
    logs: mkdtempSync(join(work, 'logs-')),
    home: join(work, 'home'),
    environment: { PATH: path },
    machine,
    sha: '0123456789abcdef',
    branch: 'main',
    report: (message) => messages.push(message),
    signal: new AbortController().signal,
    now: Date.now,
  })
  return {
    passed,
    ends: messages.flatMap((message) =>
      message.kind === 'step' && message.state !== 'running'
        ? [`${message.name} ${message.state}`]
        : [],
    ),
    output: messages
      .flatMap((message) => (message.kind === 'line' ? [`${message.step}: ${message.text}`] : []))
      .join('\n'),
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  const port = await new Promise<number>((done) =>
    server.listen(0, '127.0.0.1', () => done((server.address() as { port: number }).port)),
  )
  await new Promise((done) => server.close(done))
  return port
}

interface Service {
  child: ChildProcess
  port: number
  env: Record<string, string>
}

/** As the host starts it: a shell in the folder, a clean environment, a port. */
async function startService(folder: string, extra: Record<string, string> = {}): Promise<Service> {
  const service = Object.values(load(folder).services)[0]
  const port = await freePort()
  const env = {
    ...machine,
    PATH: path,
    PORT: String(port),
    FAIRLEAD_RELEASE: '7',
    FAIRLEAD_ENVIRONMENT: 'test',
    FAIRLEAD_DATA_DIR: mkdtempSync(join(work, 'data-')),
    ...extra,
  }
  const [program, args] =
    service?.run === undefined
      ? staticCommand(join(folder, service?.static ?? '.'))
      : ['sh', ['-c', service.run]]
  const child = spawn(program, args, { cwd: folder, env, detached: true, stdio: 'ignore' })
  return { child, port, env }
}

function staticCommand(folder: string): [string, string[]] {
  const [program, ...args] = selfCommand('static', folder)
  return [program, args]
}

async function ask(port: number, where: string): Promise<{ status: number; text: string }> {
  for (let i = 0; ; i += 1) {
    try {
      const response = await fetch(`http://127.0.0.1:${port}${where}`)
      return { status: response.status, text: await response.text() }
    } catch (error) {
      if (i > 400) throw error
      await new Promise((done) => setTimeout(done, 25))
    }
  }
}

async function stop({ child }: Service): Promise<void> {
  const ended = new Promise((done) => child.once('exit', done))
  process.kill(-(child.pid ?? 0), 'SIGTERM')
  const killer = setTimeout(() => process.kill(-(child.pid ?? 0), 'SIGKILL'), 10_000)
  await ended
  clearTimeout(killer)
}

test('every example is tested, and has a fairlead.yaml and a README', () => {
  expect(examples.toSorted()).toEqual(Object.keys(known).toSorted())
  for (const name of examples) {
    expect(load(join(root, name)).app).toBe('sample')
    expect(existsSync(join(root, name, 'README.md'))).toBe(true)
  }
})

describe.each(Object.entries(known))('%s', (name, { says, programs, health }) => {
  const needed = requires(...programs)
  test('its steps pass, its service answers, and its verification passes', needed, async () => {
    const folder = join(work, name)
    const { passed, ends, output } = await runSteps(folder)
    expect(output, ends.join()).toBeTruthy()
    expect(passed, output).toBe(true)
    const service = await startService(folder)
    try {
      expect((await ask(service.port, health)).status).toBe(200)
      expect((await ask(service.port, '/')).text).toContain(says)
      const verify = Object.values(load(folder).environments).at(-1)?.verify?.run ?? 'exit 9'
      const url = { ...service.env, FAIRLEAD_URL: `http://127.0.0.1:${service.port}` }
      execFileSync('sh', ['-ec', verify], { cwd: folder, env: url, stdio: 'pipe' })
    } finally {
      await stop(service)
    }
  })

  test('init proposes a valid file for it', async () => {
    const isValid = (text: string): boolean =>
      readPipelineFile(text, { file: 'fairlead.yaml', defaultApp: 'sample', targets }).ok
    const { text } = await proposePipelineFile(join(root, name), isValid)
    expect(isValid(text)).toBe(true)
  })
})

test('a broken example fails its own tests', async () => {
  const folder = join(work, 'broken-site')
  cpSync(join(root, 'site'), folder, { recursive: true })
  rmSync(join(folder, 'pages/tides.html'))
  const { passed, ends, output } = await runSteps(folder)
  expect(passed).toBe(false)
  expect(ends).toEqual(['build passed', 'test failed'])
  expect(output).toContain('index.html links to /tides.html, which does not exist')
})

test('prepaid keeps its balances in Redis', requires('redis-server'), async () => {
  const port = await freePort()
  const redis = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', work],
    {
      stdio: 'ignore',
    },
  )
  const service = await startService(join(root, 'prepaid'), {
    REDIS_URL: `redis://127.0.0.1:${port}`,
  })
  try {
    let found = await ask(service.port, '/health')
    for (let i = 0; found.status !== 200 && i < 200; i += 1)
      found = await ask(service.port, '/health')
    expect(JSON.parse(found.text)).toEqual({ status: 'ok', store: 'redis' })
  } finally {
    await stop(service)
    redis.kill('SIGKILL')
  }
})
