import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { hostVariables } from '#platform/process/host-process.ts'
import { selfCommand } from '#platform/self.ts'
import { readHostSettings } from './settings.ts'

test('the server passes every setting to the host that the host reads', () => {
  const folder = import.meta.dirname
  const texts = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
  const inTexts = texts.flatMap((text) =>
    [...text.matchAll(/process\.env\['(FAIRLEAD_\w+)'/g)].map(([, name]) => name ?? ''),
  )
  const asked: string[] = []
  const ask = (_: object, name: string): undefined => void asked.push(name)
  readHostSettings(new Proxy({}, { get: ask }), '/srv')
  const read = [...inTexts, ...asked.filter((name) => name.startsWith('FAIRLEAD_'))]
  expect(new Set(read).size).toBeGreaterThan(12)
  const passed: readonly string[] = hostVariables
  expect(read.filter((name) => !passed.includes(name))).toEqual([])
})

test.each([
  ['FAIRLEAD_DISK_FLOOR_MB', 'much', 'must be a number of at least 0; it is "much"'],
  ['FAIRLEAD_EDGE_CONNECTIONS', '0', 'must be a number of at least 1; it is "0"'],
  ['FAIRLEAD_EDGE_CONNECTIONS_PER_ADDRESS', 'x', 'must be a number of at least 1; it is "x"'],
  ['FAIRLEAD_EDGE_HTTPS_PORT', 'x', 'is "x", but must be a port from 1 to 65535'],
  ['FAIRLEAD_ACME_AGREE', 'no', 'is "no", but must be yes, which agrees to the terms'],
  ['FAIRLEAD_ACME_AGREE', 'yes', 'is set, but FAIRLEAD_EDGE_HTTPS_PORT is not'],
  [
    'FAIRLEAD_ACME_URL',
    'http://acme.example',
    'is "http://acme.example", but must be the address of a directory',
  ],
  ['FAIRLEAD_ACME_EMAIL', 'ops', 'is "ops", but must be one e-mail address'],
  ['FAIRLEAD_ACME_CA', 'ca.pem', 'is "ca.pem", but must be an absolute path'],
  ['FAIRLEAD_EDGE_CERTIFICATES', 'certs', 'is "certs", but must be an absolute path'],
  ['FAIRLEAD_EDGE_CERTIFICATES', '/etc/certs', 'is set, but FAIRLEAD_EDGE_HTTPS_PORT is not'],
  ['FAIRLEAD_EDGE_PROXIES', 'lb.internal', 'has "lb.internal", but must be addresses'],
  ['FAIRLEAD_HOST_URL', 'host.example.com', 'must be an address without a path'],
  ['FAIRLEAD_METRICS_PORT', '0', 'is "0", but must be a port from 1 to 65535'],
  ['FAIRLEAD_NTP', 'a b', 'must be servers such as'],
  ['FAIRLEAD_STATUS_PORT', 'x', 'is "x", but must be a port from 1 to 65535'],
  ['FAIRLEAD_STATUS_URL', 'status.example.com', 'must be an address without a path'],
  ['FAIRLEAD_ISOLATION', 'on', 'is "on", but must be auto, required or off'],
  ['FAIRLEAD_ISOLATION_MEMORY_MB', 'x', 'is "x", but must be a number of megabytes'],
  ['FAIRLEAD_ISOLATION_SYSCALLS', 'x', 'is "x", but must be default, namespaces or all'],
])('the host refuses %s=%s in one sentence', (variable, value, problem) => {
  expect(() => readHostSettings({ [variable]: value }, '/srv')).toThrow(`${variable} ${problem}`)
})

test('blank variables mean the defaults', () => {
  expect(readHostSettings({ FAIRLEAD_DISK_FLOOR_MB: '' }, '/srv')).toMatchObject({
    ...{ listen: '127.0.0.1', keepFree: 500e6, connections: undefined, metricsPort: null },
    ...{ url: null, proxies: null, proxyProtocol: null, ntp: [] },
  })
})

test.each([
  ['FAIRLEAD_PORT', 'x', 'FAIRLEAD_PORT is "x", but must be a port from 1 to 65535'],
  ['FAIRLEAD_NTP', 'x:0', 'FAIRLEAD_NTP must be servers such as'],
])('a host with an invalid %s writes one sentence and ends with 1', (variable, value, sentence) => {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-host-'))
  const [command, ...args] = selfCommand('host')
  const env = { PATH: process.env['PATH'], FAIRLEAD_HOME: folder, [variable]: value }
  const { status, stderr } = spawnSync(command, args, { env, encoding: 'utf8', timeout: 60_000 })
  rmSync(folder, { recursive: true })
  expect(status).toBe(1)
  expect(stderr.trim().split('\n')).toHaveLength(1)
  const { level, message } = JSON.parse(stderr) as Record<string, string>
  expect(level).toBe('error')
  expect(message).toContain(sentence)
})
