import { spawn } from 'node:child_process'
import { createServer, type AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { afterAll, expect, test } from 'vitest'
import { createEgressPolicy } from '#platform/net/egress.ts'
import { startSocks } from '#platform/net/socks.ts'
import { selfCommand } from '#platform/self.ts'
import { gitProxy } from './git.ts'
import { connectScript, sshConfig } from './tunnel.ts'

const socks = await startSocks(createEgressPolicy(undefined))
afterAll(() => socks.close())

/** Runs the program with an input, and returns what it wrote. */
async function through(port: number, input: string, proxy: string) {
  const [command, ...args] = selfCommand('connect', 'localhost', String(port))
  const child = spawn(command, args, { env: { [gitProxy]: proxy } })
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const [stdout, stderr] = await Promise.all([buffer(child.stdout), buffer(child.stderr)])
  return { stdout, stderr: stderr.toString() }
}

test('passes everything on to a side that sends after the other one has ended', async () => {
  const answer = Buffer.alloc(3_000_000, 'abc')
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('data', (bytes) => socket.write(bytes)).on('end', () => socket.end(answer))
  })
  await new Promise<void>((done) => server.listen(0, 'localhost', done))
  const { port } = server.address() as AddressInfo
  const { stdout, stderr } = await through(port, 'hello', socks.url)
  await new Promise((done) => server.close(done))
  expect(stderr).toBe('')
  expect(stdout.equals(Buffer.concat([Buffer.from('hello'), answer]))).toBe(true)
  // The port is closed now.
  expect((await through(port, 'hello', socks.url)).stderr).toBe(
    'fatal: cannot connect to localhost: Connection refused\n',
  )
  const wrong = socks.url.replace('git:', 'git:not-')
  expect((await through(port, 'hello', wrong)).stderr).toContain('the egress proxy failed')
})

test('the files quote any path, and the configuration of the machine comes first', () => {
  expect(connectScript(["/it's/node", 'a b'])).toBe(
    String.raw`#!/bin/sh
exec '/it'\''s/node' 'a b' "$@"
`,
  )
  expect(sshConfig('/100%/connect').split('\n')).toEqual([
    'Include ~/.ssh/config',
    'Include /etc/ssh/ssh_config',
    'Host *',
    "  ProxyCommand '/100%%/connect' %h %p",
    '',
  ])
})
