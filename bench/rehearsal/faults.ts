import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  appendOnlyStack,
  appStack,
  javaStack,
  mariadbStack,
  nginxStack,
  postgresStack,
  redisStack,
  type Stack,
  type Subject,
} from '../../test/support/rehearsal.ts'

/** A service that is broken on disk while it runs. */
export interface Fault {
  name: string
  stack: keyof typeof stacks
  break(subject: Subject): void | Promise<void>
  /** brings the files back */
  repair?: (subject: Subject) => void | Promise<void>
  /** what a check of syntax alone can find: a command with `DATA` for the data folder */
  check?: string
}

const limitedApp: Stack = {
  ...appStack,
  service: { ...appStack.service, memory: 400 * 1024 * 1024 },
}

export const stacks = {
  redis: redisStack,
  'redis-aof': appendOnlyStack,
  postgresql: postgresStack,
  mariadb: mariadbStack,
  nginx: nginxStack,
  app: appStack,
  'app-limited': limitedApp,
  java: javaStack,
} satisfies Record<string, Stack>

const programs = '/usr/lib/postgresql/15/bin'
const checks = {
  nginx:
    'sed "s/PORT/19999/" DATA/nginx.conf > DATA/check.conf && nginx -t -p DATA -c DATA/check.conf',
  // PostgreSQL refuses root, and the folder of the host lets nobody else in.
  postgresql: [
    'rm -rf /tmp/fairlead-check && cp -a DATA/pg /tmp/fairlead-check',
    `exec setpriv --reuid $(stat -c %u DATA) --clear-groups ${programs}/postgres \\
      -D /tmp/fairlead-check -C port`,
  ].join('\n'),
  mariadb: 'exec mariadbd --defaults-file=DATA/my.cnf --user=root --help --verbose',
  json: `exec ${process.execPath} -e 'JSON.parse(fs.readFileSync("DATA/settings.json"))'`,
}

/** A line at the end of a file, which counts more than the lines before it. */
const lineFault =
  (stack: Fault['stack'], file: string, check?: string) =>
  (name: string, line: string): Fault => ({
    ...{ name, stack },
    break: ({ write, data }) => write(file, `${textOf(stack, data, file)}${line}\n`),
    repair: ({ write, data }) => write(file, textOf(stack, data, file)),
    ...(check === undefined ? {} : { check }),
  })

const originals = new Map<string, string>()
/** The text of a file before its first fault. */
function textOf(stack: Fault['stack'], data: string, file: string): string {
  const key = `${stack} ${data} ${file}`
  const known = originals.get(key)
  if (known !== undefined) return known
  const text = execFileSync('cat', [join(data, file)]).toString()
  originals.set(key, text)
  return text
}

const redis = lineFault('redis', 'redis.conf')
const appending = lineFault('redis-aof', 'redis.conf')
const postgres = lineFault('postgresql', 'pg/postgresql.conf', checks.postgresql)
const mariadb = lineFault('mariadb', 'my.cnf', checks.mariadb)

const nginx = (name: string, from: string, to: string): Fault => ({
  ...{ name, stack: 'nginx', check: checks.nginx },
  break: ({ write, data }) =>
    write(
      'nginx.conf',
      textOf('nginx', data, 'nginx.conf').replace(from, () => to),
    ),
  repair: ({ write, data }) => write('nginx.conf', textOf('nginx', data, 'nginx.conf')),
})

const app = (name: string, change: object, stack: Fault['stack'] = 'app'): Fault => ({
  ...{ name, stack, check: checks.json },
  break: ({ write, data }) => {
    const usual = JSON.parse(textOf(stack, data, 'settings.json')) as object
    write('settings.json', JSON.stringify({ ...usual, ...change }))
  },
  repair: ({ write, data }) => write('settings.json', textOf(stack, data, 'settings.json')),
})

/** Changes files and cannot be undone: its service is removed afterwards. */
const once = (name: string, stack: Fault['stack'], act: Fault['break']): Fault => ({
  name,
  stack,
  break: act,
})

export const faults: Fault[] = [
  redis('replica of a host that is gone', 'replicaof 10.0.0.9 6379'),
  redis('append-only file switched on, and there is none', 'appendonly yes'),
  redis('data in another folder', 'dir /tmp'),
  redis('data in a folder that does not exist', 'dir /nowhere'),
  redis('another name of the data file', 'dbfilename other.rdb'),
  redis('a password that clients do not have', 'requirepass another'),
  redis('the default user is off', 'user default off'),
  redis('less memory than the data, nothing evicted', 'maxmemory 1mb'),
  redis('less memory than the data, keys evicted', 'maxmemory 900kb\nmaxmemory-policy allkeys-lru'),
  redis('another eviction policy', 'maxmemory-policy allkeys-lru'),
  redis('no snapshots any more', 'save ""'),
  redis('a replica is required for writes', 'min-replicas-to-write 1'),
  redis('a misspelled directive', 'maxmemori 1gb'),
  redis('a value that does not exist', 'appendfsync sometimes'),
  redis('an address that the machine does not have', 'bind 10.99.99.99'),
  redis('a socket in a missing folder', 'unixsocket /nowhere/redis.sock'),
  redis('a module that is not installed', 'loadmodule /usr/lib/redis/gone.so'),
  redis('an included file that is gone', 'include /etc/redis/gone.conf'),
  redis('a file of users that is gone', 'aclfile /etc/redis/gone.acl'),
  redis('a command is renamed away', 'rename-command SET ""'),
  once('a damaged data file', 'redis', ({ write }) => write('dump.rdb', 'REDIS0010damaged')),
  appending('append-only file switched off', 'appendonly no'),
  appending('another name of the append-only file', 'appendfilename "other.aof"'),
  once('the append-only file is gone', 'redis-aof', ({ data }) =>
    rmSync(join(data, 'appendonlydir'), { recursive: true }),
  ),
  once('a damaged append-only file', 'redis-aof', ({ data }) => {
    const folder = join(data, 'appendonlydir')
    for (const name of readdirSync(folder))
      if (name.endsWith('.incr.aof')) writeFileSync(join(folder, name), 'damaged')
  }),

  postgres('a line that is no setting', 'shared_buffers 128MB 12 = ='),
  postgres('an unknown parameter', 'shared_bufers = 128MB'),
  postgres('a value without a unit that exists', "shared_buffers = '12XB'"),
  postgres('more shared memory than the machine has', "shared_buffers = '900GB'"),
  postgres('fewer connections than are reserved', 'max_connections = 2'),
  postgres('all transactions are read-only', 'default_transaction_read_only = on'),
  postgres('an address that the machine does not have', "listen_addresses = '10.99.99.99'"),
  postgres('TLS without a certificate', 'ssl = on'),
  postgres('a library that is not installed', "shared_preload_libraries = 'gone'"),
  postgres('an included file that is gone', "include 'gone.conf'"),
  postgres('a time zone that does not exist', "timezone = 'Mars/Phobos'"),
  postgres('a locale that does not exist', "lc_messages = 'xx_YY'"),
  postgres('less memory for a sort', "work_mem = '64kB'"),
  {
    ...{ name: 'nobody may sign in', stack: 'postgresql' },
    break: ({ write, data }) => {
      textOf('postgresql', data, 'pg/pg_hba.conf')
      write('pg/pg_hba.conf', 'host all all 127.0.0.1/32 reject\n')
    },
    repair: ({ write, data }) =>
      write('pg/pg_hba.conf', textOf('postgresql', data, 'pg/pg_hba.conf')),
  },
  {
    ...{ name: 'a file of ALTER SYSTEM that is damaged', stack: 'postgresql' },
    check: checks.postgresql,
    break: ({ write }) => write('pg/postgresql.auto.conf', 'shared_buffers = = 1\n'),
    repair: ({ write }) => write('pg/postgresql.auto.conf', ''),
  },
  {
    ...{ name: 'it is marked as a standby', stack: 'postgresql' },
    break: ({ write }) => write('pg/standby.signal', ''),
    repair: ({ data }) => rmSync(join(data, 'pg/standby.signal')),
  },
  {
    ...{ name: 'everybody may read the data', stack: 'postgresql' },
    break: ({ data }) => chmodSync(join(data, 'pg'), 0o777),
    repair: ({ data }) => chmodSync(join(data, 'pg'), 0o700),
  },
  once('the write-ahead log is gone', 'postgresql', ({ data }) => {
    const folder = join(data, 'pg/pg_wal')
    for (const name of readdirSync(folder))
      if (/^[0-9A-F]{24}$/.test(name)) rmSync(join(folder, name))
  }),
  once('the control file is gone', 'postgresql', ({ data }) =>
    rmSync(join(data, 'pg/global/pg_control')),
  ),

  mariadb('a misspelled variable', 'max_conections = 100'),
  mariadb('a value without a unit that exists', 'max_connections = 5X'),
  mariadb('a group without its end', '[mysqld'),
  {
    ...{ name: 'the settings are in a group of the client', stack: 'mariadb' },
    check: checks.mariadb,
    break: ({ write, data }) =>
      write('my.cnf', textOf('mariadb', data, 'my.cnf').replace('[mysqld]', '[mysql]')),
    repair: ({ write, data }) => write('my.cnf', textOf('mariadb', data, 'my.cnf')),
  },
  mariadb('a buffer pool that the machine does not have', 'innodb_buffer_pool_size = 900G'),
  mariadb('a value of the buffer pool without a unit', 'innodb_buffer_pool_size = 12XB'),
  mariadb('data in a folder that does not exist', 'datadir = /nowhere'),
  {
    ...{ name: 'data in a folder of before', stack: 'mariadb', check: checks.mariadb },
    break: ({ write, data }) => {
      const original = textOf('mariadb', data, 'my.cnf')
      const old = join(data, 'old')
      execFileSync('mariadb-install-db', [
        ...['--no-defaults', '--user=root', `--datadir=${old}`, '--skip-test-db'],
        '--auth-root-authentication-method=normal',
      ])
      execFileSync('chown', ['-R', '--reference', join(data, 'db'), old])
      write('my.cnf', `${original}datadir = ${old}\n`)
    },
    repair: ({ write, data }) => write('my.cnf', textOf('mariadb', data, 'my.cnf')),
  },
  mariadb('read-only', 'read_only = 1'),
  mariadb('InnoDB is read-only', 'innodb_read_only = 1'),
  mariadb('a forced recovery that was left', 'innodb_force_recovery = 6'),
  mariadb('another size of a page', 'innodb_page_size = 8k'),
  mariadb('another size of the data file', 'innodb_data_file_path = ibdata1:100M'),
  mariadb('a redo log in a missing folder', 'innodb_log_group_home_dir = /nowhere'),
  mariadb('encryption without its keys', 'innodb_encrypt_tables = ON'),
  mariadb('an address that the machine does not have', 'bind_address = 10.99.99.99'),
  mariadb('no network', 'skip-networking'),
  mariadb('a socket in a missing folder', 'socket = /nowhere/mariadb.sock'),
  mariadb('a socket whose path is too long', `socket = /tmp/${'x'.repeat(120)}`),
  mariadb('TLS without a certificate', 'ssl_cert = /gone.pem\nssl_key = /gone.key'),
  mariadb('clients need TLS', 'require_secure_transport = ON'),
  mariadb('anybody is let in', 'skip-grant-tables'),
  mariadb('a character set that does not exist', 'character_set_server = utf9'),
  mariadb(
    'a collation of another character set',
    'collation_server = utf8mb4_bin\ncharacter_set_server = latin1',
  ),
  mariadb('another character set', 'character_set_server = utf8mb4'),
  mariadb('an SQL mode that does not exist', 'sql_mode = STRICT'),
  mariadb('another SQL mode', "sql_mode = ''"),
  mariadb('other names of tables', 'lower_case_table_names = 1'),
  mariadb('smaller packets', 'max_allowed_packet = 1K'),
  mariadb('a log of changes in a missing folder', 'log_bin = /nowhere/binlog'),
  mariadb('a folder for temporary files that is gone', 'tmpdir = /nowhere'),
  mariadb('a file of statements that is gone', 'init_file = /etc/gone.sql'),
  mariadb('a storage engine that is not installed', 'default_storage_engine = rocksdb'),
  mariadb('a time zone that does not exist', 'default_time_zone = Mars/Phobos'),
  mariadb('a language that does not exist', 'lc_messages = xx_YY'),
  {
    ...{ name: 'a replica of a server that is gone, not yet started', stack: 'mariadb' },
    break: async ({ mariadb: query }) => {
      await query("change master to master_host = '10.0.0.9', master_user = 'replica'")
    },
    repair: async ({ mariadb: query }) => {
      await query('reset slave all')
    },
  },
  once('the redo log is gone', 'mariadb', ({ data }) => rmSync(join(data, 'db/ib_logfile0'))),
  once('a damaged redo log', 'mariadb', ({ data }) =>
    writeFileSync(join(data, 'db/ib_logfile0'), 'damaged'),
  ),
  once('the data file is gone', 'mariadb', ({ data }) => rmSync(join(data, 'db/ibdata1'))),
  once('the tables of users are gone', 'mariadb', ({ data }) => {
    for (const name of readdirSync(join(data, 'db/mysql')))
      if (name.startsWith('global_priv.')) rmSync(join(data, 'db/mysql', name))
  }),
  once('the data file belongs to somebody else', 'mariadb', ({ data }) => {
    chownSync(join(data, 'db/ibdata1'), 0, 0)
    chmodSync(join(data, 'db/ibdata1'), 0o600)
  }),
  once('the databases are gone', 'mariadb', ({ data }) =>
    rmSync(join(data, 'db/shop'), { recursive: true }),
  ),

  nginx(
    'a certificate that is gone',
    'listen 127.0.0.1:PORT;',
    'listen 127.0.0.1:PORT ssl; ssl_certificate /etc/gone.pem; ssl_certificate_key /etc/gone.key;',
  ),
  nginx('a missing semicolon', 'access_log off;', 'access_log off'),
  nginx('an unknown directive', 'access_log off;', 'acess_log off;'),
  nginx(
    'a host that has no address any more',
    'root ',
    'location /x { proxy_pass http://api.gone.invalid; }\n    root ',
  ),
  nginx('a root that is gone', 'root ', 'root /nowhere'),
  nginx('an included file that is gone', 'events {}', 'events {}\ninclude /etc/nginx/gone.conf;'),
  nginx('a log in a missing folder', 'access_log off;', 'access_log /nowhere/access.log;'),
  nginx('another port', 'listen 127.0.0.1:PORT;', 'listen 127.0.0.1:18080;'),
  nginx('every request is refused', 'root ', 'deny all;\n    root '),
  once('the pages are gone', 'nginx', ({ data }) => rmSync(join(data, 'index.html'))),

  app('a setting is missing', { database: undefined }),
  app('a token that has expired', { expires: '2020-02-28' }),
  app('another port', { port: 18_081 }),
  app('another address', { listen: '127.0.0.7' }),
  app('the health check answers 500', { status: 500 }),
  app('it never answers', { blocks: true }),
  app('a smaller pool of connections', { pool: 1 }),
  app('a database that is not there any more', { connect: '127.0.0.1:18082' }),
  app('more memory than its limit', { memory: 600 }, 'app-limited'),
  {
    ...{ name: 'a file that is no JSON', stack: 'app', check: checks.json },
    break: ({ write, data }) => {
      textOf('app', data, 'settings.json')
      write('settings.json', '{"database": "shop",')
    },
    repair: ({ write, data }) => write('settings.json', textOf('app', data, 'settings.json')),
  },
  once('the file of settings is gone', 'app', ({ data }) => rmSync(join(data, 'settings.json'))),
  once('the file of settings belongs to somebody else', 'app', ({ data }) => {
    chownSync(join(data, 'settings.json'), 0, 0)
    chmodSync(join(data, 'settings.json'), 0o600)
  }),

  lineFault('java', 'jvm.options')('more memory than the machine has', ' -Xms900g -Xmx900g'),
  lineFault('java', 'jvm.options')(
    'an option that this Java does not have',
    ' -XX:+UseNoSuchThing',
  ),
]

/** The part of a stack's file that may change without harm, with a number in place of `N`. */
const harmless: [stack: Fault['stack'], file: string, lines: string[]][] = [
  [
    'redis',
    'redis.conf',
    [
      ...['timeout 3N', 'tcp-keepalive 3N', 'hz 1N', 'maxclients 10N', 'databases 2N'],
      ...['slowlog-max-len 10N', 'maxmemory 10Nmb', 'lfu-decay-time N', 'save 90N 1'],
      ...['slowlog-log-slower-than 1000N', 'list-max-listpack-size 10N', '# note N'],
    ],
  ],
  [
    'postgresql',
    'pg/postgresql.conf',
    [
      ...["work_mem = '1NMB'", "shared_buffers = '3NMB'", 'max_connections = 1N0'],
      ...["log_min_duration_statement = '1Ns'", "maintenance_work_mem = '3NMB'", '# note N'],
      ...['effective_io_concurrency = 1N', "checkpoint_timeout = '1Nmin'", 'deadlock_timeout = 2N'],
    ],
  ],
  [
    'mariadb',
    'my.cnf',
    [
      ...['max_connections = 1N0', 'innodb-buffer-pool-size = 7NM', 'sort_buffer_size = 1NM'],
      ...['wait_timeout = 3N00', 'table_open_cache = 4N0', 'thread_cache_size = 1N', '# note N'],
      ...['slow_query_log = 1\nlong_query_time = N', 'tmp_table_size = 1NM'],
    ],
  ],
  ['java', 'jvm.options', [' -Xms3Nm', ' -Dshop.pool=N', ' -Xss51Nk']],
]

/** Changes after which the service comes back. */
export function goodChanges(): Fault[] {
  const lines = harmless.flatMap(([stack, file, templates]) =>
    templates.flatMap((template) =>
      Array.from({ length: stack === 'java' ? 2 : 6 }, (_, n) => {
        const line = template.replace('N', String(n + 1))
        return lineFault(stack, file)(line.trim(), line)
      }),
    ),
  )
  const pages = Array.from({ length: 36 }, (_, n) => {
    const added = n % 2 === 0 ? `keepalive_timeout ${n + 1}s;` : `add_header X-Page ${n};`
    return nginx(added, 'access_log off;', `access_log off; ${added}`)
  })
  const settings = Array.from({ length: 36 }, (_, n) =>
    app(`pool ${n + 2}`, n % 2 === 0 ? { pool: n + 2 } : { cache: { mb: n } }),
  )
  return [...lines, ...pages, ...settings]
}
