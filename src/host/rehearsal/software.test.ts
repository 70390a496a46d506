import { basename } from 'node:path'
import { describe, expect, test } from 'vitest'
import { software } from './software.generated.ts'
import { readReply } from './resp.ts'
import { softwareOf, wordsOf } from './words.ts'

describe.each(software)('software $name', (one) => {
  test('is detected by its example, and by no other one', () => {
    const [program = '', ...words] = one.example
    const found = software.filter(({ detect }) => detect([basename(program), ...words]))
    expect(found.map(({ name }) => name)).toEqual(one.name === 'app' ? [] : [one.name])
    expect(softwareOf(one.example).name).toBe(one.name)
  })

  test('reads any file of configuration without a failure', () => {
    for (const text of ['', '\0', 'a', '# only\n\n', 'name', "x 'y\n".repeat(1000)])
      for (const { line } of one.parse(text)) expect(line).toBeGreaterThan(0)
    expect(one.blame('', [])).toBeNull()
  })

  test('examines nothing on a closed port, and does not throw', async () => {
    const access = { port: 1, env: {}, lines: [], settingsPath: '/settings', timeoutMs: 500 }
    const facts = await one.examine(access)
    if (one.name === 'nginx') expect(facts.problem).toBeNull()
    else expect(facts.problem).toMatch(/\w+/)
  })
})

test.each([
  [
    'exec redis-server $DIR/redis.conf --port $PORT',
    ['redis-server', '/d/redis.conf', '--port', '1'],
  ],
  ['A=1 env B=2 node "a b.js"', ['node', 'a b.js']],
  ['test -d x || initdb x\nexec postgres -D x', ['postgres', '-D', 'x']],
  ['export A=$DIR/a B="$A/b"\nexec postgres -D $B', ['postgres', '-D', '/d/a/b']],
  ['export PATH=$PATH:$(echo /x) C=/c; D=$C/d\nexec postgres -D $D', ['postgres', '-D', '/c/d']],
  ['A=/a true; exec postgres -D ${A}/x', ['postgres', '-D', '/x']],
  ['cd /x && nginx -c y', ['nginx', '-c', 'y']],
  ['', []],
])('the words of %j', (command, words) => {
  expect(wordsOf(command, { DIR: '/d', PORT: '1' })).toEqual(words)
})

test('PostgreSQL that knows the setting does not open all files of the copy', () => {
  const postgresql = software.find((one) => one.name === 'postgresql')!
  const spare = (version: string) =>
    postgresql.spare(
      ['postgres', '-D', '/d'],
      {},
      (file) => (file === '/d/PG_VERSION' ? version : ''),
      () => 0,
    )
  expect(spare('15\n')).toEqual([
    {
      file: '/d/postgresql.auto.conf',
      text: "\nrecovery_init_sync_method = 'syncfs'\n",
    },
  ])
  expect(spare('13\n')).toEqual([])
  expect(spare('')).toEqual([])
})

test('Redis gets an empty append-only file after the last one of the copy, if it is large', () => {
  const redis = software.find((one) => one.name === 'redis')!
  const spare = (words: string[], files: Record<string, string>, megabytes = 5000) => {
    const size = (file: string): number =>
      /\/(x\.1|appendonly\.aof\.10)\.incr\.aof$/.test(file) ? megabytes * 1e6 : 0
    return redis.spare(['redis-server', ...words], {}, (file) => files[file] ?? '', size)
  }
  const manifest = [
    'file appendonly.aof.2.base.rdb seq 2 type b',
    'file appendonly.aof.9.incr.aof seq 9 type i',
    'file appendonly.aof.10.incr.aof seq 10 type i\n',
  ].join('\n')
  const added = [
    { file: '/d/appendonlydir/appendonly.aof.11.incr.aof', text: '' },
    {
      file: '/d/appendonlydir/appendonly.aof.manifest',
      text: 'file appendonly.aof.11.incr.aof seq 11 type i\n',
    },
  ]
  const files = { '/d/appendonlydir/appendonly.aof.manifest': manifest }
  expect(spare(['/r.conf'], { '/r.conf': 'dir "/d"\n', ...files })).toEqual(added)
  expect(spare(['/r.conf', '--dir', '/d'], { '/r.conf': 'dir /e\n', ...files })).toEqual(added)
  expect(
    spare(['--dir', '/d', '--appenddirname', 'a', '--appendfilename', 'x'], {
      '/d/a/x.manifest': 'file x.1.incr.aof seq 1 type i',
    }),
  ).toEqual([
    { file: '/d/a/x.2.incr.aof', text: '' },
    { file: '/d/a/x.manifest', text: '\nfile x.2.incr.aof seq 2 type i\n' },
  ])
  expect(spare(['--dir', '/d'], files, 60)).toEqual([])
  expect(spare(['/r.conf'], { '/r.conf': 'dir /d\n' })).toEqual([])
})

const settingsOf = (name: string, text: string): Record<string, string> => {
  const lines = software.find((one) => one.name === name)?.parse(text) ?? []
  return Object.fromEntries(lines.map((line) => [line.name, line.value]))
}

test('reads the files of Redis, PostgreSQL and MariaDB', () => {
  expect(settingsOf('redis', '# x\nport 1\n  save "" \nbind 1.2.3.4 ::1')).toEqual({
    ...{ port: '1', save: '', bind: '1.2.3.4 ::1' },
  })
  expect(settingsOf('postgresql', "port = 5432 # x\nwork_mem '4MB'\n#fsync = off\n")).toEqual({
    ...{ port: '5432', work_mem: '4MB' },
  })
  const groups = ['port=1', '[mysqld]', 'max-connections = 5 # x', ';a=1', 'skip-networking']
  const more = ['[client]', 'user = root', '[mariadb-10.11]', "loose-sql-mode='A,B'", '!include x']
  expect(settingsOf('mariadb', [...groups, ...more].join('\n'))).toEqual({
    ...{ max_connections: '5', skip_networking: '', sql_mode: 'A,B' },
  })
})

test.each([
  ["0 [ERROR] /usr/sbin/mariadbd: unknown variable 'max-conections=5'", 3],
  ["0 [ERROR] mariadbd: unknown option '--skip-networkin'", 4],
  ["mariadbd: Can't change dir to '/nowhere/' (Errcode: 2)\n0 [ERROR] Aborting", 7],
  [
    "[ERROR] Buffered error: Unknown suffix 'X' used for variable 'sort_buffer_size' (value '5X')",
    5,
  ],
  ["[ERROR] mariadbd: Error while setting value 'NO' to 'sql_mode'", 6],
  ["[ERROR] mariadbd: Can't create/write to file '/nowhere/ibX'", 7],
  ['error: Wrong group definition in config file: /d/my.cnf at line 8', 8],
  ['2026-11-30 0 [Note] /nowhere\n[ERROR] Aborting', undefined],
])('finds the line of MariaDB that %j is about', (output, line) => {
  const mariadb = software.find(({ name }) => name === 'mariadb')
  const settings = ['max-conections=5', 'skip-networkin', 'sort-buffer-size=5X', 'sql_mode=NO']
  const text = ['', '[mysqld]', ...settings, 'tmpdir=/nowhere'].join('\n')
  const lines = (mariadb?.parse(text) ?? []).map((one) => ({ file: '/d/my.cnf', ...one }))
  expect(mariadb?.blame(output, lines)?.line).toBe(line)
  expect(mariadb?.explain("[ERROR] x: unknown variable 'a_password=geheim'")).toBe(
    "x: unknown variable 'a_password'",
  )
})

test('finds the line that a program reports', () => {
  const blame = (name: string, output: string) =>
    software.find((one) => one.name === name)?.blame(output, [])
  expect(blame('redis', 'Reading the configuration file, at line 7\n>>> x')).toMatchObject({
    line: 7,
  })
  expect(
    blame('postgresql', 'LOG:  syntax error in file "/d/postgresql.conf" line 3, near token "x"'),
  ).toEqual({ file: '/d/postgresql.conf', line: 3 })
  expect(blame('nginx', 'nginx: [emerg] cannot load certificate "x" in /d/nginx.conf:12')).toEqual({
    ...{ file: '/d/nginx.conf', line: 12 },
  })
})

test('a reply of Redis is read when it is complete', () => {
  const whole = Buffer.from('*3\r\n$2\r\nab\r\n:7\r\n$-1\r\n')
  for (let size = 0; size < whole.length; size += 1)
    expect(readReply(whole.subarray(0, size), 0)).toBeNull()
  expect(readReply(whole, 0)).toEqual({ reply: ['ab', 7, null], end: whole.length })
  expect(readReply(Buffer.from('-ERR no\r\n'), 0)?.reply).toEqual({ error: 'ERR no' })
})
