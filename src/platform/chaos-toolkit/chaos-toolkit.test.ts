import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { readExperiment } from './experiment.ts'
import { runExperiment } from './run.ts'
import { readValues, substitute } from './substitute.ts'
import { isWithin, type OwnTolerance } from './tolerance.ts'

const echo = { type: 'process', path: 'echo', arguments: 'hello' }
const probe = (more: object = {}): object => {
  return { type: 'probe', name: 'look', tolerance: 0, provider: echo, ...more }
}
const experiment = (more: object = {}): Record<string, unknown> => ({
  ...{ title: 'It says hello', description: 'It must say hello.' },
  'steady-state-hypothesis': { title: 'It can speak', probes: [probe()] },
  method: [{ type: 'action', name: 'say', provider: echo }],
  ...more,
})

test.each([JSON.stringify, stringify])('reads JSON and YAML', (write) => {
  const again = { method: [{ ref: 'look' }] }
  const read = readExperiment(write(experiment(again)) ?? '')
  expect(read.method).toEqual([expect.objectContaining({ name: 'look', background: false })])
})

test.each([
  [{ title: '' }, 'title: '],
  [{ description: undefined }, 'description: '],
  [{ method: undefined }, 'method: '],
  [{ 'steady-state-hypothesis': {} }, 'steady-state-hypothesis.title: '],
  [{ controls: [{ name: 'c' }] }, 'controls: are not supported'],
  [{ method: [probe({ controls: [{ name: 'c' }] })] }, 'method.0.controls: are not supported'],
  [{ method: [{ ref: 'pizza' }] }, 'method: no activity has the name pizza'],
  [{ method: [probe({ provider: { type: 'magic' } })] }, 'method.0.provider.type: '],
  [{ method: [probe({ provider: { type: 'http' } })] }, 'method.0.provider.url: '],
  [{ method: [probe({ tolerance: { type: 'range', range: [1] } })] }, 'method.0.tolerance'],
  [
    { 'steady-state-hypothesis': { title: 'x', probes: [{ ...probe(), tolerance: undefined }] } },
    'steady-state-hypothesis.probes.0.tolerance: ',
  ],
])('refuses %j', (more, problem) => {
  expect(() => readExperiment(JSON.stringify(experiment(more)))).toThrow(problem)
})

test('a tag of YAML runs no code', () => {
  expect(() => readExperiment('!!python/object/apply:os.system\nargs: [echo]')).toThrow('title')
  expect(() => readExperiment('{')).toThrow('neither JSON nor YAML')
})

const answer = { status: 200, body: 'it took 12.5 ms', stdout: '7' }
test.each<[OwnTolerance, unknown, boolean]>([
  [true, true, true],
  [true, 1, false],
  ['jane', 'jane', true],
  [200, answer, true],
  [404, answer, false],
  [7, 7, true],
  [[200, 301], answer, true],
  [[4, 8], 6, true],
  [[4, 8], 9, false],
  [[1, 2, 9], 9, true],
  [{ type: 'regex', pattern: '[0-9]+ ms', target: 'body' }, answer, true],
  [{ type: 'regex', pattern: '^no', target: 'body' }, answer, false],
  [{ type: 'range', range: [5, 8.5], target: 'stdout' }, answer, true],
  [{ type: 'range', range: [5, 6] }, 'many', false],
  [{ type: 'range', range: [0, 6] }, '', false],
])('with the tolerance %j, %j is within it: %s', (tolerance, value, expected) => {
  expect(isWithin(tolerance, value)).toBe(expected)
})

test('values come from the configuration and from variables, and keep their type alone', () => {
  const from = {
    ...{ a: 1, host: { type: 'env', key: 'HOST', default: 'localhost' } },
    port: { type: 'env', key: 'PORT', env_var_type: 'int' },
  }
  const values = readValues(from, { PORT: '80' })
  expect(values).toEqual({ a: 1, host: 'localhost', port: 80 })
  const data = { url: 'http://${host}:${port}/$$x', list: ['${a}', '${none}'], n: 3 }
  const expected = { url: 'http://localhost:80/$x', list: [1, '${none}'], n: 3 }
  expect(substitute(data, values)).toEqual(expected)
  expect(() => readValues(from, {})).toThrow('port: the variable PORT is not set')
  expect(() => readValues({ x: { type: 'vault' } }, {})).toThrow('x: values of the type vault')
})

const folder = mkdtempSync(join(tmpdir(), 'fairlead-chaos-'))
const run = (more: object, signal = new AbortController().signal) =>
  runExperiment(readExperiment(JSON.stringify(experiment(more))), {
    ...{ env: process.env, cwd: folder, now: Date.now, signal },
  })
const shell = (name: string, script: string, more: object = {}): object => ({
  ...{ type: 'action', name, ...more },
  provider: { type: 'process', path: 'sh', arguments: ['-c', script] },
})

test('runs an experiment with processes and HTTP', async () => {
  const server = createServer((request, response) => response.end(`${request.method} fine`))
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  const http = { type: 'http', url: 'http://127.0.0.1:${port}', arguments: { a: 1 } }
  const journal = await run({
    configuration: { port },
    'steady-state-hypothesis': { title: 'up', probes: [probe({ provider: http, tolerance: 200 })] },
    method: [shell('beside', 'echo beside', { background: true }), shell('fail', 'exit 3')],
    rollbacks: [shell('back', 'echo back')],
  })
  server.close()
  expect(journal).toMatchObject({
    ...{ status: 'completed', deviated: false },
    steady_states: { before: { steady_state_met: true }, after: { steady_state_met: true } },
    run: [{ output: { stdout: 'beside\n' } }, { output: { status: 3 }, status: 'succeeded' }],
    rollbacks: [{ output: { stdout: 'back\n', status: 0 } }],
  })
  expect(journal.steady_states.before?.probes[0]?.output).toMatchObject({ body: 'GET fine' })
})

test('runs nothing when the steady state is not as it should be', async () => {
  const journal = await run({
    'steady-state-hypothesis': { title: 'x', probes: [probe({ tolerance: 1 })] },
  })
  expect(journal).toMatchObject({ status: 'failed', deviated: false, run: [], rollbacks: [] })
})

test('a deviation ends the method, and the rollbacks run', async () => {
  const isFine = { provider: { type: 'process', path: 'test', arguments: ['!', '-e', 'broken'] } }
  const journal = await run({
    'steady-state-hypothesis': { title: 'x', probes: [probe(isFine)] },
    method: [shell('break', 'touch broken'), shell('long', 'sleep 60'), shell('later', 'exit 0')],
    rollbacks: [shell('back', 'rm broken')],
  })
  expect(journal).toMatchObject({ deviated: true, steady_states: { during: [{}] } })
  expect(journal.steady_states.after?.steady_state_met).toBe(true)
  const problem = { exception: ['the experiment was ended'] }
  expect(journal.run).toEqual([expect.anything(), expect.objectContaining(problem)])
  expect(existsSync(join(folder, 'broken'))).toBe(false)
})

test('an interrupted experiment rolls back', async () => {
  const interrupt = new AbortController()
  writeFileSync(join(folder, 'left'), '')
  setTimeout(() => interrupt.abort(), 300)
  const method = [shell('long', 'sleep 60'), shell('later', 'exit 0')]
  const journal = await run({ method, rollbacks: [shell('back', 'rm left')] }, interrupt.signal)
  expect(journal.status).toBe('interrupted')
  expect(existsSync(join(folder, 'left'))).toBe(false)
})

test('says what is missing', async () => {
  const slow = { type: 'process', path: 'sleep', arguments: '60', timeout: 0.1 }
  const journal = await run({
    method: [
      probe({ provider: { type: 'process', path: 'no-such-program' } }),
      probe({ provider: slow }),
      probe({ provider: { type: 'http', url: 'http://127.0.0.1:9' } }),
    ],
  })
  expect(journal.run.map(({ exception }) => exception?.[0])).toEqual([
    'the program no-such-program is not installed',
    'it took longer than 0.1 s',
    expect.stringContaining('http://127.0.0.1:9 does not answer'),
  ])
})
