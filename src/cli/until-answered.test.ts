import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PassThrough } from 'node:stream'
import { afterEach, expect, test } from 'vitest'
import { FairleadError } from '#contract/errors.ts'
import { runCli } from './cli.ts'
import type { Local } from './local.ts'

let server: Server | null = null
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

type Answer = (response: ServerResponse) => void

const problem =
  (code: 'unavailable' | 'too_many' | 'internal' | 'not_found'): Answer =>
  (response) => {
    const error = new FairleadError(code, { what: 'The database', kind: 'run', id: 1, seconds: 1 })
    response.writeHead(error.status).end(JSON.stringify(error.toProblem()))
  }
const cut: Answer = (response) => {
  response.writeHead(200, { 'content-length': '1000' })
  response.write('{"lines":')
  setTimeout(() => response.destroy(), 5)
}
const badGateway: Answer = (response) => void response.writeHead(502).end('<html>')
const dropped: Answer = (response) => void response.destroy()
const text =
  (body: unknown): Answer =>
  (response) =>
    void response.end(JSON.stringify(body))

const line = (n: number) => ({ attempt: 1, n, time: 0, stream: 'out', text: `line ${n}` })
const page = (complete: boolean, ...numbers: number[]) =>
  text({ lines: numbers.map(line), next: 9, total: 2, attempt: 1, complete })

/** Runs a command against a server that gives these answers, one for each request. */
async function run(args: string[], answers: Answer[]): Promise<{ code: number; output: string }> {
  const left = [...answers]
  server = createServer((_request, response) => (left.shift() ?? problem('not_found'))(response))
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  let output = ''
  const write = (more: string): void => void (output += more)
  let now = 0
  const code = await runCli(args, {
    local: { version: '0', connection: async () => ({ url, token: 'x' }) } as unknown as Local,
    stdin: new PassThrough(),
    stdout: { write },
    stderr: { write },
    env: {},
    now: () => (now += 20_000),
    signal: new AbortController().signal,
  })
  return { code, output }
}

test.each<[string, Answer, string]>([
  ['waits for its database', problem('unavailable'), 'The database does not answer. Waiting'],
  ['has too many requests', problem('too_many'), 'Too many attempts. Waiting'],
  ['has an internal error', problem('internal'), 'An internal error occurred'],
  ['closes the connection', dropped, 'does not answer. Waiting'],
  ['closes the connection within the response', cut, 'does not answer. Waiting'],
  ['is behind a proxy without a server', badGateway, 'does not answer. Waiting'],
])('logs --follow continues after a server that %s', async (_what, answer, notice) => {
  const answers = [page(false, 1), answer, answer, page(false, 2), answer, page(true)]
  const { code, output } = await run(['logs', '1', 'test', '--follow'], [...answers, page(true)])
  expect([code, output.match(/^line \d$/gm)]).toEqual([0, ['line 1', 'line 2']])
  expect(output).toContain(notice)
})

test('logs without --follow reports an unavailable server immediately', async () => {
  const { code, output } = await run(['logs', '1', 'test'], [problem('unavailable')])
  expect([code, output]).toEqual([4, expect.stringContaining('The database does not answer')])
})

test('an internal error that persists ends the command', async () => {
  const answers = Array.from({ length: 9 }, () => problem('internal'))
  const { code, output } = await run(['show', '1', '--follow'], answers)
  expect([code, output]).toEqual([1, expect.stringContaining('fairlead: An internal error')])
})

test('an answer that cannot change ends the command', async () => {
  const { code } = await run(['show', '1', '--follow'], [problem('unavailable')])
  expect(code).toBe(5)
})
