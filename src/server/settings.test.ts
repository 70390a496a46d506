import { expect, test } from 'vitest'
import { readSettings } from './settings.ts'

const home = { port: 4400, root: '/srv/fairlead' }

test('blank variables mean the defaults', () => {
  const { periods, concurrency, steps, ...settings } = readSettings(
    { FAIRLEAD_POLL_SECONDS: ' ' },
    home,
  )
  expect(settings).toEqual({
    publicUrl: 'http://localhost:4400',
    listen: '127.0.0.1',
    hosts: [],
    proxies: [],
    privateHosts: null,
    reach: [],
    settleMs: 1000,
    cacheBudget: 5_000_000_000,
    signalBudget: 2_000_000_000,
    errorBudget: 500_000_000,
    publishFolders: ['/srv/fairlead/publish'],
    ...{ remoteFolders: [], buckets: {} },
    diskFloor: 500,
    mail: null,
    channelCommands: null,
    heartbeat: null,
    hostPagesMs: 180_000,
    statusPage: { host: 'status.localhost', port: null, isLocal: true, url: null },
  })
  expect(concurrency).toBeGreaterThanOrEqual(4)
  expect(steps).toBeGreaterThanOrEqual(4)
  expect(periods).toMatchObject({ remoteRepositories: 30_000, host: 500, cleanUp: 600_000 })
})

test('periods are seconds and may be fractions; lists are separated by commas', () => {
  const settings = readSettings(
    {
      FAIRLEAD_PULLS_SECONDS: '0.05',
      FAIRLEAD_PUBLIC_URL: 'https://ci.example.com/',
      FAIRLEAD_HOSTS: 'a.example, b.example,',
    },
    home,
  )
  expect(settings.periods.pullRequests).toBe(50)
  expect(settings.publicUrl).toBe('https://ci.example.com')
  expect(settings.hosts).toEqual(['a.example', 'b.example'])
})

test.each([
  [{}, null],
  [{ FAIRLEAD_LISTEN: '127.0.0.1' }, null],
  [{ FAIRLEAD_LISTEN: '0.0.0.0' }, []],
  [{ FAIRLEAD_PUBLIC_URL: 'https://ci.example.com' }, []],
  [{ FAIRLEAD_LISTEN: '0.0.0.0', FAIRLEAD_PRIVATE_HOSTS: '*' }, null],
  [{ FAIRLEAD_PRIVATE_HOSTS: '' }, []],
  [{ FAIRLEAD_PRIVATE_HOSTS: 'git.internal, 10.1.0.0/16' }, ['git.internal', '10.1.0.0/16']],
])('with %j users reach the private hosts %j', (env, expected) => {
  expect(readSettings(env, home).privateHosts).toEqual(expected)
})

test.each([
  ['FAIRLEAD_POLL_SECONDS', '0', 'must be a number of at least 0.01; it is "0"'],
  ['FAIRLEAD_CLEAN_UP_SECONDS', 'hourly', 'must be a number of at least 0.01; it is "hourly"'],
  ['FAIRLEAD_CONCURRENCY', '-1', 'must be a number of at least 1; it is "-1"'],
  ['FAIRLEAD_NTP', 'ntp.example.com, x:0', 'must be servers such as'],
  ['FAIRLEAD_EDGE_CONNECTIONS', 'many', 'must be a number of at least 1; it is "many"'],
  ['FAIRLEAD_EDGE_HTTPS_PORT', 'x', 'is "x", but must be a port from 1 to 65535'],
  ['FAIRLEAD_ACME_AGREE', 'no', 'is "no", but must be yes, which agrees to the terms'],
  ['FAIRLEAD_ACME_AGREE', 'yes', 'is set, but FAIRLEAD_EDGE_HTTPS_PORT is not'],
  ['FAIRLEAD_ACME_URL', 'http://a.example', 'is "http://a.example", but must be the address of a'],
  ['FAIRLEAD_ACME_EMAIL', 'ops', 'is "ops", but must be one e-mail address'],
  ['FAIRLEAD_ACME_CA', 'ca.pem', 'is "ca.pem", but must be an absolute path'],
  ['FAIRLEAD_EDGE_CERTIFICATES', 'certs', 'is "certs", but must be an absolute path'],
  ['FAIRLEAD_EDGE_CERTIFICATES', '/etc/certs', 'is set, but FAIRLEAD_EDGE_HTTPS_PORT is not'],
  ['FAIRLEAD_EDGE_PROXIES', 'lb.internal', 'has "lb.internal", but must be addresses such as'],
  ['FAIRLEAD_RSYNC_FOLDERS', '/srv/www', 'must be folders of machines, such as'],
  ['FAIRLEAD_NTP', 'a b', 'must be servers such as'],
  ['FAIRLEAD_HOST_URL', 'https://host.example.com/x', 'must be an address without a path'],
  ['FAIRLEAD_STATUS_URL', 'status.example.com', 'must be an address without a path'],
  ['FAIRLEAD_STATUS_URL', 'https://example.com/status', 'must be an address without a path'],
  ['FAIRLEAD_STATUS_PORT', '70000', 'is "70000", but must be a port from 1 to 65535'],
  ['FAIRLEAD_METRICS_PORT', '9.5', 'is "9.5", but must be a port from 1 to 65535'],
  ['FAIRLEAD_HEARTBEAT_URL', 'hc-ping.com/x', 'must be an address with http:// or https://'],
])('%s=%s is refused in one sentence', (variable, value, problem) => {
  expect(() => readSettings({ [variable]: value }, home)).toThrow(`${variable} ${problem}`)
})
