import { chmodSync, chownSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createConnection } from 'mysql2/promise'
import type { HostRelease } from '#contract/host/release.ts'
import type { HostService } from '#contract/host/service.ts'
import type { RehearsalReport } from '#contract/rehearsal/rehearsal.ts'
import { openResp } from '../../src/host/rehearsal/resp.ts'
import { deploy, releaseOf, type TestHost, webService } from './host.ts'

/** A service with data that runs on a test host, to be rehearsed. */
export interface Subject {
  app: string
  port: number
  /** its data folder */
  data: string
  rehearse(): Promise<RehearsalReport>
  /** Writes a file of its data folder, as its user. */
  write(name: string, text: string): void
  /** Replaces text in a file of its data folder. */
  edit(name: string, from: string, to: string): void
  redis(...words: string[]): Promise<unknown>
  mariadb(statement: string): Promise<unknown>
  remove(): Promise<void>
}

/** A kind of service with its files; `DATA` in them stands for its data folder. */
export interface Stack {
  service: Partial<HostService>
  artifact?: Record<string, string>
  data?: Record<string, string>
  switches?: HostRelease['switches']
  /** brings it into the state in which it is rehearsed */
  prepare?: (subject: Subject) => Promise<void>
}

let count = 0

/** Deploys a service of an app of its own. */
export async function startSubject(host: TestHost, stack: Stack): Promise<Subject> {
  const app = `app-${(count += 1)}`
  const data = join(host.home.host, 'data', app, 'production')
  mkdirSync(data, { recursive: true })
  for (const [name, text] of Object.entries(stack.data ?? {}))
    writeFileSync(join(data, name), text.replaceAll('DATA', data))
  const artifact = await host.artifact({ 'note.txt': app, ...stack.artifact })
  const release = releaseOf(host, 1, artifact, [webService(stack.service)], {
    ...{ app, environment: 'production', switches: stack.switches ?? {} },
    route: { port: null, host: `${app}.production.localhost` },
  })
  await deploy(host, release)
  const status = await host.client.release(app, 'production', 1, 0)
  const port = status?.instances[0]?.port ?? 0
  const write = (name: string, text: string): void => {
    const file = join(data, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text.replaceAll('DATA', data))
    const { uid, gid } = statSync(data)
    if (process.getuid?.() === 0) chownSync(file, uid, gid)
    chmodSync(file, 0o644)
  }
  const subject: Subject = {
    ...{ app, port, data, write },
    rehearse: () => host.client.rehearse(app, 'production', { service: 'web' }),
    edit: (name, from, to) => {
      const text = readFileSync(join(data, name), 'utf8')
      if (!text.includes(from)) throw new Error(`${name} has no ${from}`)
      write(
        name,
        text.replace(from, () => to),
      )
    },
    redis: async (...words) => {
      const resp = await openResp(port, 3000)
      try {
        return await resp.call(...words)
      } finally {
        resp.close()
      }
    },
    mariadb: async (statement) => {
      const connection = await createConnection({ host: '127.0.0.1', port, user: 'root' })
      try {
        return (await connection.query(statement))[0]
      } finally {
        await connection.end()
      }
    },
    remove: () => host.client.removeEnvironment(app, 'production'),
  }
  await stack.prepare?.(subject)
  return subject
}

const connects = { path: null, timeout: 15_000, interval: 100 }

/** Redis with 20 keys, which are on disk. */
export const redisStack: Stack = {
  service: {
    run: 'exec redis-server $FAIRLEAD_DATA_DIR/redis.conf --port $PORT',
    health: connects,
  },
  data: { 'redis.conf': 'dir DATA\nappendonly no\nsave 3600 1\nmaxmemory-policy noeviction\n' },
  prepare: async ({ redis }) => {
    for (let key = 0; key < 20; key += 1) await redis('SET', `key-${key}`, 'x'.repeat(100_000))
    await redis('SAVE')
  },
}

/** Redis with an append-only file. */
export const appendOnlyStack: Stack = {
  ...redisStack,
  data: { 'redis.conf': 'dir DATA\nappendonly yes\nappendfsync always\nsave ""\n' },
  prepare: async ({ redis }) => {
    for (let key = 0; key < 20; key += 1) await redis('SET', `key-${key}`, 'x'.repeat(100_000))
  },
}

const programsOfPostgres = '/usr/lib/postgresql/15/bin'

/** PostgreSQL with a table. */
export const postgresStack: Stack = {
  service: {
    run: [
      `export PATH=$PATH:${programsOfPostgres} PGDATA=$FAIRLEAD_DATA_DIR/pg`,
      'test -d $PGDATA || initdb -A trust -U postgres --no-sync >/dev/null',
      `exec postgres -D $FAIRLEAD_DATA_DIR/pg -p $PORT -c unix_socket_directories=''`,
    ].join('\n'),
    health: connects,
  },
}

/** MariaDB with a database of two tables. */
export const mariadbStack: Stack = {
  service: {
    run: [
      'cd $FAIRLEAD_DATA_DIR',
      'test -d db || mariadb-install-db --no-defaults --datadir=$PWD/db --skip-test-db \\',
      '  --auth-root-authentication-method=normal >/dev/null',
      'exec mariadbd --defaults-file=$FAIRLEAD_DATA_DIR/my.cnf --port=$PORT',
    ].join('\n'),
    health: { path: null, timeout: 30_000, interval: 100 },
  },
  data: {
    'my.cnf': `[mysqld]
datadir = DATA/db
socket = DATA/mariadb.sock
bind-address = 127.0.0.1
innodb-log-file-size = 8M
innodb-buffer-pool-size = 64M
log-warnings = 1
`,
  },
  prepare: async ({ mariadb }) => {
    await mariadb('create database shop')
    await mariadb('create table shop.items (id int primary key, name varchar(100))')
    await mariadb("insert into shop.items values (1, 'Lamp'), (2, 'Chair')")
    await mariadb('create table shop.orders (id int primary key)')
  },
}

/** nginx with TLS off, started by a file that has the port. */
export const nginxStack: Stack = {
  service: {
    run: [
      'sed "s/PORT/$PORT/" "$FAIRLEAD_DATA_DIR/nginx.conf" > "$FAIRLEAD_DATA_DIR/run.conf"',
      'exec nginx -p "$FAIRLEAD_DATA_DIR" -c "$FAIRLEAD_DATA_DIR/run.conf"',
    ].join('\n'),
    health: { path: '/', timeout: 10_000, interval: 100 },
  },
  data: {
    'index.html': 'home',
    'nginx.conf': `daemon off;
pid DATA/nginx.pid;
error_log stderr;
events {}
http {
  access_log off;
  client_body_temp_path DATA/body;
  proxy_temp_path DATA/proxy;
  fastcgi_temp_path DATA/fastcgi;
  uwsgi_temp_path DATA/uwsgi;
  scgi_temp_path DATA/scgi;
  server {
    listen 127.0.0.1:PORT;
    root DATA;
  }
}
`,
  },
}

/** An app that reads its settings from a file, and reports them. */
export const appStack: Stack = {
  service: {
    run: 'exec node server.js',
    health: { path: '/health', timeout: 6000, interval: 100 },
    rehearse: { allow: [], settings: '/settings' },
  },
  switches: {
    mail: { type: 'boolean', default: { variant: 'on' }, variants: { on: true, off: false } },
  },
  artifact: {
    'server.js': `
const { readFileSync } = require('node:fs')
const { createServer } = require('node:http')
JSON.parse(readFileSync(process.env.FAIRLEAD_SWITCHES, 'utf8'))
const settings = JSON.parse(readFileSync(process.env.FAIRLEAD_DATA_DIR + '/settings.json', 'utf8'))
for (const name of ['database', 'token', 'expires'])
  if (settings[name] === undefined) throw new Error('settings.json has no ' + name)
if (Date.parse(settings.expires) < Date.now())
  throw new Error('the token expired on ' + settings.expires)
if (settings.connect) {
  const [host, port] = settings.connect.split(':')
  require('node:net').connect({ host, port: Number(port) }).on('error', (error) => { throw error })
}
if (settings.memory) globalThis.kept = Buffer.alloc(settings.memory * 1e6, 1)
if (settings.blocks) for (;;);
createServer((request, response) => {
  if (request.url === '/settings')
    return response.end(JSON.stringify({ ...settings, token: 'hidden' }))
  response.statusCode = settings.status ?? 200
  response.end('ok')
}).listen(settings.port ?? process.env.PORT, settings.listen ?? '127.0.0.1')
`,
  },
  data: {
    'settings.json': JSON.stringify({
      ...{ database: 'shop', token: 'abc', expires: '2100-01-01', pool: 5, cache: { mb: 64 } },
    }),
  },
}

/** A Java program without data. */
export const javaStack: Stack = {
  service: {
    run: 'exec java $(cat "$FAIRLEAD_DATA_DIR/jvm.options") Main.java',
    health: { path: null, timeout: 30_000, interval: 100 },
  },
  artifact: {
    'Main.java': `
import java.net.*;
public class Main {
  public static void main(String[] words) throws Exception {
    ServerSocket server = new ServerSocket(Integer.parseInt(System.getenv("PORT")));
    while (true) server.accept().close();
  }
}`,
  },
  data: { 'jvm.options': '-Xmx64m' },
}
