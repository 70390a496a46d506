import { existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RehearsalReport } from '#contract/rehearsal/rehearsal.ts'
import {
  isAlive,
  processesWith,
  releaseOf,
  startHost,
  type TestHost,
  waitUntil,
  webService,
} from '../../../test/support/host.ts'
import { requiresIsolation } from '../../../test/support/isolation.ts'
import { requires } from '../../../test/support/programs.ts'
import { isLong, longDescribe, longTest } from '../../../test/support/scale.ts'
import {
  appendOnlyStack,
  appStack,
  mariadbStack,
  nginxStack,
  postgresStack,
  redisStack,
  type Stack,
  startSubject,
  type Subject,
} from '../../../test/support/rehearsal.ts'

let host: TestHost

beforeAll(async () => {
  host = await startHost()
})
afterAll(() => host.close())

/** Cases for the long tests only. */
const inFull = <T>(cases: T[]): T[] => (isLong ? cases : [])
type Case = [change: object, reason: string]

const placeOf = ({ place }: RehearsalReport): string =>
  place === null ? '' : `${place.file.split('/').at(-1)}:${place.line}: ${place.text}`

function subjectOf(stack: Stack): () => Subject {
  let subject: Subject
  beforeAll(async () => {
    subject = await startSubject(host, stack)
  })
  return () => subject
}

describe('rehearsal of an app', requiresIsolation, () => {
  const subject = subjectOf(appStack)
  const settings = (change: object): void => {
    const usual = { database: 'shop', token: 'abc', expires: '2100-01-01', pool: 5 }
    subject().write('settings.json', JSON.stringify({ ...usual, cache: { mb: 64 }, ...change }))
  }

  test('reports that a healthy app returns, and leaves nothing', async () => {
    const report = await subject().rehearse()
    expect(report).toMatchObject({ state: 'returns', reason: null, software: 'app' })
    expect(report.differences).toEqual([])
    expect(report.memory).toBeGreaterThan(1e6)
    expect(report.startMs).toBeGreaterThan(10)
    expect(report.startMs).toBeLessThan(report.ms)
    expect(readdirSync(join(host.home.host, 'rehearsal'))).toEqual([])
    // The kernel ends the processes of a namespace just after its first one.
    const mark = `rehearsal/${subject().app}`
    await waitUntil('its processes have ended', () => processesWith(mark).length === 0)
  })

  test.each<Case>([
    [{ token: undefined }, 'web exited with 1: Error: settings.json has no token'],
    ...inFull<Case>([
      [{ expires: '2020-01-01' }, 'the token expired on 2020-01-01'],
      [{ status: 500 }, '/health answered 500'],
      [{ port: 9999 }, 'it listens on port 9999 instead of $PORT'],
      [{ listen: '127.0.0.9' }, 'it listens on 127.0.0.9'],
    ]),
  ])('fails with %j on disk', async (change, reason) => {
    settings(change)
    const report = await subject().rehearse()
    expect(report.reason).toContain(reason)
    expect(report.state).toBe('fails')
  })

  test('names the effective settings that would differ', async () => {
    settings({ pool: 50, cache: { mb: 32 } })
    const report = await subject().rehearse()
    expect(report.state).toBe('returns')
    expect(report.differences).toEqual([
      {
        ...{ kind: 'setting', name: 'cache.mb', now: '64', after: '32' },
        ...{ isSecret: false, place: null },
      },
      expect.objectContaining({ name: 'pool', now: '5', after: '50' }),
    ])
  })

  test('is unknown when the app needs a connection that is not allowed', async () => {
    settings({ connect: '10.1.2.3:5432' })
    const report = await subject().rehearse()
    expect(report.state).toBe('unknown')
    expect(report.reason).toContain('name it in `rehearse.allow`')
  })

  longTest('keeps to the memory limit of the service', async () => {
    const limited = await startSubject(host, {
      ...appStack,
      service: { ...appStack.service, memory: 300 * 1024 * 1024 },
    })
    limited.edit('settings.json', '{', '{"memory": 800, ')
    const report = await limited.rehearse()
    expect(report).toMatchObject({
      state: 'fails',
      reason: 'web needs more than its limit of 315 MB',
    })
    await limited.remove()
  })

  test('reads the files of a release that has not started, not those on disk', async () => {
    const files = (text: string) => [{ path: 'app.json', text, mode: 0o644, checks: [] }]
    const service = {
      ...{ run: 'test -s $FAIRLEAD_CONFIG_DIR/app.json && exec node server.js' },
      ...{ files: files('{}'), exclusive: { keeps: true, uses: [] } },
    }
    const server = "JSON.parse(require('node:fs').readFileSync(process.env.FAIRLEAD_CONFIG_DIR + "
    const kept = await startSubject(host, {
      service,
      artifact: {
        'server.js': `${server}'/app.json'))
        require('node:http').createServer((q, r) => r.end()).listen(process.env.PORT)`,
      },
    })
    const next = async (text: string): Promise<RehearsalReport> => {
      const digest = await host.artifact({ 'server.js': `${server}'/app.json'))\n` })
      const services = [webService({ ...service, files: files(text) })]
      const release = releaseOf(host, 2, digest, services, { app: kept.app })
      return host.client.rehearse(kept.app, 'production', { service: 'web', release })
    }
    expect(await kept.rehearse()).toMatchObject({ state: 'returns', differences: [] })
    expect((await next('{')).reason).toContain("Expected property name or '}' in JSON")
    const place = join(host.home.host, 'files', kept.app, 'production/exclusive/web/app.json')
    expect(readFileSync(place, 'utf8')).toBe('{}')
    await kept.remove()
  })

  test('connects to what `rehearse.allow` names, by its name', async () => {
    const asked: string[] = []
    const database = createServer((socket) => {
      asked.push('connected')
      socket.end()
    })
    await new Promise<void>((done) => database.listen(0, '127.0.0.1', done))
    const { port } = database.address() as AddressInfo
    const allowed = await startSubject(host, {
      ...appStack,
      service: {
        ...appStack.service,
        rehearse: { allow: [`localhost:${port}`], run: 'test -n "$FAIRLEAD_URL"' },
      },
    })
    allowed.edit('settings.json', '{', `{"connect": "localhost:${port}", `)
    const report = await allowed.rehearse()
    expect(report).toMatchObject({ state: 'returns', reason: null })
    expect(report.checks).toContainEqual(
      expect.objectContaining({ name: 'command', state: 'passed' }),
    )
    expect(asked).toEqual(['connected'])
    database.close()
    await allowed.remove()
  })
})

describe('rehearsal of Redis', { ...requiresIsolation, ...requires('redis-server') }, () => {
  const subject = subjectOf(redisStack)
  const usual = redisStack.data?.['redis.conf'] ?? ''

  test('reads its data from a copy, accepts a write, and changes nothing', async () => {
    const dump = join(subject().data, 'dump.rdb')
    const before = [readdirSync(subject().data), statSync(dump).mtimeMs]
    const report = await subject().rehearse()
    expect(report).toMatchObject({ state: 'returns', reason: null, software: 'redis' })
    expect(report.differences).toEqual([])
    expect(report.checks.map(({ detail }) => detail)).toEqual([
      'it became healthy',
      'it is a master',
      'it accepts a write',
      'it reads 20 of 20 keys',
    ])
    expect([readdirSync(subject().data), statSync(dump).mtimeMs]).toEqual(before)
    expect(await subject().redis('GET', 'fairlead:rehearsal')).toBeNull()
  })

  // The first two are what happened at Twilio in July 2013.
  test.each([
    [
      'replicaof 10.0.0.9 6379',
      'it would be a replica of 10.0.0.9; it is a master now',
      'redis.conf:5: replicaof 10.0.0.9 6379',
    ],
    ['appendonly yes', 'it would read 0 of 20 keys', 'redis.conf:5: appendonly yes'],
    ...inFull([
      ['dir /tmp', 'it would read 0 of 20 keys', 'redis.conf:5: dir /tmp'],
      ['dir /nowhere', 'No such file or directory', 'redis.conf:5: dir /nowhere'],
      [
        'maxmemori 1mb',
        'Bad directive or wrong number of arguments',
        'redis.conf:5: maxmemori 1mb',
      ],
      ['maxmemory 1mb', 'it would refuse writes', 'redis.conf:5: maxmemory 1mb'],
    ]),
    ['requirepass geheim', 'it would let clients in with', 'redis.conf:5: requirepass ***'],
  ])('fails with %s on disk', async (line, reason, place) => {
    subject().write('redis.conf', `${usual}${line}\n`)
    const report = await subject().rehearse()
    expect(report.reason).toContain(reason)
    expect(report.state).toBe('fails')
    expect(placeOf(report)).toBe(place)
    expect(JSON.stringify(report)).not.toContain('geheim')
  })

  longTest('names a policy that would differ, with its line', async () => {
    subject().write('redis.conf', `${usual}maxmemory-policy allkeys-lru\n`)
    const { state, differences } = await subject().rehearse()
    expect(state).toBe('returns')
    expect(differences).toMatchObject([
      {
        ...{ kind: 'setting', name: 'maxmemory-policy', now: 'noeviction', after: 'allkeys-lru' },
        place: { line: 5 },
      },
    ])
  })

  test('fails when the append-only file is gone', async () => {
    const appending = await startSubject(host, appendOnlyStack)
    expect(await appending.rehearse()).toMatchObject({ state: 'returns' })
    rmSync(join(appending.data, 'appendonlydir'), { recursive: true })
    const report = await appending.rehearse()
    expect(report).toMatchObject({
      state: 'fails',
      reason: 'it would read 0 of 20 keys: the rest is not on disk',
    })
    await appending.remove()
  })

  longTest('reads a large append-only file without a copy of it', async () => {
    const large = await startSubject(host, {
      ...appendOnlyStack,
      data: { 'redis.conf': 'dir DATA\nappendonly yes\nauto-aof-rewrite-percentage 0\n' },
      prepare: async ({ redis }) => {
        for (let count = 0; count < 200; count += 1)
          await redis('EVAL', `redis.call('SET', 'key', string.rep('x', 500000))`, '0')
      },
    })
    const report = await large.rehearse()
    expect(report).toMatchObject({ state: 'returns', reason: null })
    expect(report.disk).toBeLessThan(1e6)
    expect(report.checks).toContainEqual(
      expect.objectContaining({ detail: 'it reads 1 of 1 keys' }),
    )
    truncateSync(join(large.data, 'appendonlydir/appendonly.aof.1.incr.aof'), 90e6)
    expect(await large.rehearse()).toMatchObject({
      state: 'unknown',
      reason: 'its data was written while web read the copy: repeat the rehearsal',
    })
    await large.remove()
  })

  // A rehearsal takes about two seconds.
  test.each(isLong ? Array.from({ length: 40 }, (_, n) => n * 50) : [300])(
    'leaves nothing when the host is killed after %i ms',
    async (ms) => {
      const pending = subject()
        .rehearse()
        .catch(() => null)
      await new Promise((wake) => setTimeout(wake, ms))
      await host.kill()
      await host.ensure()
      await pending
      const mark = `rehearsal/${subject().app}`
      while (processesWith(mark).some(isAlive)) await new Promise((wake) => setTimeout(wake, 10))
      const folder = join(host.home.host, 'rehearsal')
      expect(existsSync(folder) ? readdirSync(folder) : []).toEqual([])
      expect(await subject().redis('GET', 'key-1')).toBe('x'.repeat(100_000))
    },
  )

  test.each(isLong ? [5] : [])('rehearses %i GB of data without a copy', async (size) => {
    subject().write('redis.conf', usual)
    subject().write('large', '')
    truncateSync(join(subject().data, 'large'), size * 1e9)
    const report = await subject().rehearse()
    expect(report.state).toBe('returns')
    expect(report.disk).toBeLessThan(10e6)
    expect(report.ms).toBeLessThan(20_000)
  })
})

longDescribe('rehearsal of MariaDB', { ...requiresIsolation, ...requires('mariadb') }, () => {
  const subject = subjectOf(mariadbStack)
  const usual = mariadbStack.data?.['my.cnf'] ?? ''

  test('recovers a copy of its data, accepts a write, and changes nothing', async () => {
    const report = await subject().rehearse()
    expect(report).toMatchObject({ state: 'returns', reason: null, software: 'mariadb' })
    expect(report.differences).toEqual([])
    expect(report.checks.map(({ detail }) => detail)).toEqual([
      'it became healthy',
      'it is a primary',
      'it accepts a write',
      'it reads 3 of 3 databases and tables',
    ])
    expect(await subject().mariadb('show tables from shop')).toHaveLength(2)
  })

  test.each<[what: string, line: string, reason: string, place: string]>([
    [
      'a role',
      'read-only',
      'it would be a read-only server; it is a primary now',
      'my.cnf:8: read_only ',
    ],
    ...inFull<[string, string, string, string]>([
      [
        'a name',
        'max-conections = 9 # more',
        "unknown variable 'max-conections'",
        'my.cnf:8: max-conections = 9 # more',
      ],
      [
        'a value',
        'tmpdir = /nowhere',
        "Can't create/write to file '/nowhere/",
        'my.cnf:8: tmpdir = /nowhere',
      ],
      [
        'users',
        'skip-grant-tables',
        'it would let clients in with any user and password; now it does with the user root',
        'my.cnf:8: skip_grant_tables ',
      ],
      ['a write', 'innodb-force-recovery = 6', 'it would refuse writes: ', 'my.cnf:8: innodb'],
      ['the network', 'skip-networking', 'nothing listens', 'my.cnf:8: skip_networking '],
    ]),
  ])('fails with another line about %s on disk', async (_what, line, reason, place) => {
    subject().write('my.cnf', `${usual}${line}\n`)
    const report = await subject().rehearse()
    expect(report.reason).toContain(reason)
    expect(report.state).toBe('fails')
    expect(placeOf(report)).toContain(place)
  })

  longTest('finds the reason in the file of `log_error`', async () => {
    const log = `log-error = ${subject().data}/error.log\n`
    subject().write('my.cnf', `${usual}${log}innodb-page-size = 7k\n`)
    const report = await subject().rehearse()
    expect(report.reason).toMatch(/exited with 1: .*innodb/i)
  })

  test('fails when a replication that is stopped would begin', async () => {
    subject().write('my.cnf', usual)
    await subject().mariadb("change master to master_host = '10.0.0.9', master_user = 'replica'")
    const report = await subject().rehearse()
    expect(report.reason).toBe('it would be a replica of 10.0.0.9; it is a primary now')
    await subject().mariadb('reset slave all')
    expect(await subject().rehearse()).toMatchObject({ state: 'returns' })
  })

  test('a replica that runs stays one, and is not asked for a write', async () => {
    await subject().mariadb("change master to master_host = '10.0.0.9', master_user = 'replica'")
    await subject().mariadb('start slave')
    const report = await subject().rehearse()
    expect(report).toMatchObject({ state: 'returns' })
    expect(report.checks.map(({ detail }) => detail)).toContain('it is a replica of 10.0.0.9')
    expect(report.checks.map(({ name }) => name)).not.toContain('write')
    await subject().mariadb('stop slave')
    await subject().mariadb('reset slave all')
  })

  test('signs in as a user of the app, which sees only its tables', async () => {
    const own = await startSubject(host, {
      ...mariadbStack,
      service: {
        ...mariadbStack.service,
        env: { MARIADB_USER: 'shop', MARIADB_PASSWORD: 'geheim', MARIADB_ROOT_PASSWORD: 'none' },
      },
    })
    await own.mariadb("create user shop@'%' identified by 'geheim'")
    await own.mariadb("grant all on shop.* to shop@'%'")
    const report = await own.rehearse()
    expect(report).toMatchObject({ state: 'returns', differences: [] })
    expect(report.checks.map(({ detail }) => detail)).toEqual([
      'it became healthy',
      'it is a primary',
      'it accepts a write',
      'it reads 3 of 3 databases and tables',
    ])
    own.write('my.cnf', `${usual}read-only\n`)
    expect((await own.rehearse()).reason).toContain('it would be a read-only server')
    await own.remove()
  })
})

longTest('MySQL that listens before it reads its settings says why it ended', async () => {
  const mysqld = `#!/usr/bin/env node
    const { existsSync } = require('node:fs')
    const isBad = existsSync(process.env.FAIRLEAD_DATA_DIR + '/bad')
    require('node:net').createServer((socket) => socket.resetAndDestroy()).listen(process.env.PORT)
    if (isBad) setTimeout(() => {
      console.error("[ERROR] [MY-000067] [Server] unknown variable 'max-conections=5'.")
      process.exit(7)
    }, 2500)`
  const copy = 'cp mysqld $FAIRLEAD_DATA_DIR/mysqld && chmod +x $FAIRLEAD_DATA_DIR/mysqld'
  const run = `${copy}\nexec $FAIRLEAD_DATA_DIR/mysqld`
  const health = { path: null, timeout: 10_000, interval: 100 }
  const subject = await startSubject(host, { service: { run, health }, artifact: { mysqld } })
  subject.write('bad', '')
  const report = await subject.rehearse()
  expect(report.reason).toBe(
    "web exited with 7: [MY-000067] [Server] unknown variable 'max-conections'.",
  )
  expect(report).toMatchObject({ state: 'fails', differences: [] })
  await subject.remove()
})

longDescribe('rehearsal of PostgreSQL and nginx, in full', requiresIsolation, () => {
  const full = [
    {
      ...{ name: 'postgresql', stack: postgresStack, conf: 'pg/postgresql.conf', checks: 4 },
      bad: 'shared_bufers = 1\n',
    },
    { name: 'nginx', stack: nginxStack, conf: 'nginx.conf', checks: 1, bad: 'deamon off;\n' },
  ] as const
  test.each(full)(
    '$name returns, and does not with a bad line',
    async ({ name, stack, conf, checks, bad: line }) => {
      const subject = await startSubject(host, stack)
      const good = await subject.rehearse()
      expect(good).toMatchObject({ state: 'returns', software: name })
      expect(good.checks).toHaveLength(checks)
      subject.write(conf, line)
      const bad = await subject.rehearse()
      expect(bad.state).toBe('fails')
      expect(bad.place?.line).toBe(1)
      await subject.remove()
    },
  )
})

longDescribe('rehearsal of much data in PostgreSQL', requiresIsolation, () => {
  test('copies only the files that it changes', async () => {
    const subject = await startSubject(host, postgresStack)
    subject.write('pg/base/large', 'x'.repeat(300e6))
    const report = await subject.rehearse()
    expect(report.state).toBe('returns')
    expect(report.differences).toEqual([])
    expect(report.disk).toBeLessThan(100e6)
    await subject.remove()
  })
})

describe('a release after the command of the next one', requiresIsolation, () => {
  const schema = "process.env.FAIRLEAD_DATA_DIR + '/schema'"
  const subject = subjectOf({
    service: { health: { path: '/', timeout: 20_000, interval: 100 } },
    artifact: {
      'server.js': `const schema = require('node:fs').readFileSync(${schema}, 'utf8').trim()
      if (schema !== '1') throw new Error('no column price')
      require('node:http').createServer((q, r) => r.end()).listen(process.env.PORT, '127.0.0.1')`,
    },
    data: { schema: '1' },
  })
  const listens = 12_345
  const after = async (run: string, verify?: string): Promise<RehearsalReport> => {
    const { app } = subject()
    const store = webService({ name: 'store', exclusive: { keeps: true, uses: [], listens } })
    const release = releaseOf(
      host,
      2,
      await host.artifact({
        'server.js': "require('node:http').createServer((q, r) => r.end('up')).listen(12345)",
      }),
      [webService(), store],
      { app, before: { run, service: 'web', timeout: 60_000 } },
    )
    return host.client.rehearse(app, 'production', {
      service: 'web',
      after: { release, ...(verify === undefined ? {} : { verify }) },
    })
  }
  const write = 'echo 2 >$FAIRLEAD_DATA_DIR/schema'
  const call = (url: string): string => `node -e "fetch('${url}').then(() => {})"`

  test.each<[what: string, run: string, verify: string | undefined, expected: object]>([
    [
      'does not work with the result',
      write,
      undefined,
      { state: 'fails', reason: expect.stringContaining('Error: no column price') },
    ],
    ...inFull<[string, string, string | undefined, object]>([
      [
        'works, and the command reaches a service with data',
        call(`http://127.0.0.1:${listens}/`),
        'test -n "$FAIRLEAD_URL"',
        { state: 'returns', reason: null },
      ],
      [
        'does not pass its verification',
        'true',
        'echo no price; exit 4',
        { state: 'fails', reason: 'its command exited with 4: no price' },
      ],
      [
        'is not started when the command fails',
        'echo no table; exit 3',
        undefined,
        { state: 'fails', reason: 'failed with 3 on a copy of the data: no table' },
      ],
      [
        'is unknown when the command needs the network',
        call('http://10.1.2.3:5432/'),
        undefined,
        { state: 'unknown', reason: expect.stringContaining('outside of the copy') },
      ],
    ]),
  ])('%s', async (_what, run, verify, expected) => {
    expect(await after(run, verify)).toMatchObject(expected)
    expect(readFileSync(join(subject().data, 'schema'), 'utf8')).toBe('1')
    expect(readdirSync(join(host.home.host, 'rehearsal'))).toEqual([])
  })
})
