import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { targets } from '#domains/deployment/targets.generated.ts'
import { readPipelineFile } from '#domains/pipeline/file.ts'
import type { Runner } from '#platform/process/command.ts'
import { createLogger } from '#platform/log.ts'
import { startRunner } from '#platform/process/runner-client.ts'
import { localRun, type LocalRunMessage } from './local-run.ts'

let runner: Runner
let folder: string

beforeAll(async () => {
  runner = await startRunner({ log: createLogger(() => undefined), leaseMs: 600_000 })
})
afterAll(() => runner.close())
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-local-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

interface Told {
  passed: boolean
  messages: LocalRunMessage[]
  /** `name state` in order, without `running` */
  ends: string[]
  /** the lines of a step's output */
  lines(step: string): string[]
}

async function run(
  yaml: string,
  options: {
    steps?: string[]
    signal?: AbortSignal
    environment?: Record<string, string>
    tell?: (message: LocalRunMessage) => void
  } = {},
): Promise<Told> {
  const read = readPipelineFile(yaml, { file: 'fairlead.yaml', defaultApp: 'sample', targets })
  if (!read.ok) throw new Error(read.problems[0]?.problem)
  const messages: LocalRunMessage[] = []
  const { passed } = await localRun({
    folder,
    pipeline: read.pipeline,
    steps: options.steps ?? [],
    runner,
    parallel: 8,
    logs: join(folder, '.logs'),
    home: join(folder, '.home'),
    environment: { PATH: process.env['PATH'], ...options.environment },
    machine: { JAVA_HOME: '/opt/java' },
    sha: 'abc',
    branch: 'main',
    report: (message) => {
      messages.push(message)
      options.tell?.(message)
    },
    signal: options.signal ?? new AbortController().signal,
    now: Date.now,
  })
  return {
    passed,
    messages,
    ends: messages.flatMap((message) =>
      message.kind === 'step' && message.state !== 'running'
        ? [`${message.name} ${message.state}`]
        : [],
    ),
    lines: (step) =>
      messages.flatMap((message) =>
        message.kind === 'line' && message.step === step && message.stream !== 'fairlead'
          ? [message.text]
          : [],
      ),
  }
}

test('steps run in order in the folder, and their output is reported line by line', async () => {
  const told = await run('steps: {build: "echo one; echo made > out; echo two >&2", test: cat out}')
  expect(told.passed).toBe(true)
  expect(told.ends).toEqual(['build passed', 'test passed'])
  expect(told.lines('build').toSorted()).toEqual(['one', 'two'])
  expect(told.lines('test')).toEqual(['made'])
})

test('independent steps run in parallel', async () => {
  // Each waits for the other: one after the other they would time out.
  const meet = (mine: string, other: string): string =>
    `touch ${mine}; until [ -e ${other} ]; do sleep 0.02; done`
  const told = await run(
    `steps: {a: {run: "${meet('a', 'b')}", timeout: 20s}, b: {run: "${meet('b', 'a')}", needs: [], timeout: 20s}}`,
  )
  expect(told.passed).toBe(true)
})

test('after a failure no step starts, and running steps finish', async () => {
  const told = await run(`
steps:
  slow: 'until [ -e failed ]; do sleep 0.02; done; sleep 0.2; echo done'
  bad: { run: 'touch failed; exit 3', needs: [] }
  next: { run: echo never, needs: slow }
`)
  expect(told.passed).toBe(false)
  expect(told.ends).toEqual(['bad failed', 'slow passed', 'next skipped'])
  expect(
    told.messages.find(
      (message) => message.kind === 'step' && message.name === 'bad' && message.state === 'failed',
    ),
  ).toMatchObject({ reason: expect.stringContaining('3') as string })
  expect(told.messages.at(-1)).toMatchObject({ reason: 'step bad failed' })
})

test('a step is retried as often as its file allows', async () => {
  const flaky = 'echo x >> tries; [ $(wc -l < tries) -ge 3 ]'
  expect((await run(`steps: {flaky: {run: '${flaky}', retry: 2}}`)).passed).toBe(true)
  expect(await readFile(join(folder, 'tries'), 'utf8')).toBe('x\nx\nx\n')
  await rm(join(folder, 'tries'))
  expect((await run(`steps: {flaky: {run: '${flaky}', retry: 1}}`)).ends).toEqual(['flaky failed'])
})

test('a step that hangs is stopped after its timeout', async () => {
  const told = await run('steps: {hang: {run: sleep 600, timeout: 300ms}}')
  expect(told.ends).toEqual(['hang failed'])
})

test('only the requested steps run, with the steps that they need', async () => {
  const yaml =
    'steps: {install: echo, lint: {run: echo, needs: install}, test: {run: echo, needs: install}}'
  expect((await run(yaml, { steps: ['test'] })).ends).toEqual(['install passed', 'test passed'])
  await expect(run(yaml, { steps: ['tset'] })).rejects.toThrow('There is no step tset.')
})

test('a step gets only its own environment', async () => {
  const told = await run(
    'steps: {env: {run: env, env: {LEVEL: info, HOME: mine}, secrets: [API_KEY, UNSET]}, secret: {run: "echo $API_KEY", secrets: API_KEY}}',
    {
      environment: { API_KEY: 'hidden-value-123', OTHER: 'not for steps' },
    },
  )
  expect(told.passed).toBe(true)
  const names = told.lines('env').map((line) => line.split('=')[0])
  for (const name of [
    'CI',
    'FAIRLEAD_APP',
    'FAIRLEAD_RUN',
    'FAIRLEAD_STEP',
    'FAIRLEAD_COMMIT',
    'FAIRLEAD_BRANCH',
    'PATH',
    'LANG',
    'TERM',
    'TMPDIR',
    'JAVA_HOME',
    'API_KEY',
  ])
    expect(names).toContain(name)
  expect(told.lines('env')).toContain('LEVEL=info')
  expect(told.lines('env')).toContain('HOME=mine')
  expect(names).not.toContain('OTHER')
  expect(names).not.toContain('UNSET')
  expect(
    told.messages.filter((message) => JSON.stringify(message).includes('hidden-value')),
  ).toEqual([])
  expect(told.lines('secret')).toHaveLength(1)
})

test('cancelling ends the running steps and starts no others', async () => {
  const cancel = new AbortController()
  await writeFile(join(folder, 'x'), '')
  const told = await run('steps: {wait: "echo begun; sleep 600", next: echo}', {
    signal: cancel.signal,
    tell: (message) => {
      if (message.kind === 'line' && message.text === 'begun') cancel.abort()
    },
  })
  expect(told.passed).toBe(false)
  expect(told.ends).toEqual(['wait cancelled', 'next skipped'])
})

test('no line of a long log is lost', async () => {
  const told = await run('steps: {count: seq 1 50000}')
  expect(told.lines('count')).toEqual(Array.from({ length: 50_000 }, (_, i) => String(i + 1)))
})

test('an app without steps passes', async () => {
  expect((await run('services: {web: {static: public}}')).passed).toBe(true)
})

test('a failing report fails a local step', async () => {
  await writeFile(join(folder, 'good'), '<testsuite name="s"><testcase name="adds"/></testsuite>')
  await writeFile(
    join(folder, 'bad'),
    '<testsuite name="s"><testcase name="adds"><failure message="no"/></testcase></testsuite>',
  )
  const told = await run(`
steps:
  good: { run: cp good good.xml, reports: good.xml }
  none: { run: "true", reports: none.xml, needs: [] }
  bad: { run: cp bad bad.xml, reports: bad.xml, needs: [] }
`)
  const ends = told.messages.filter((one) => one.kind === 'step' && one.state !== 'running')
  expect(
    Object.fromEntries(
      ends.map((one) => (one.kind === 'step' ? [one.name, [one.state, one.reason]] : [])),
    ),
  ).toEqual({
    bad: ['failed', '1 of 1 tests failed: adds'],
    good: ['passed', null],
    none: ['failed', 'no report matches `none.xml`'],
  })
})
