import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { constants, gzipSync } from 'node:zlib'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Repository as SourceRepository } from '#contract/app/app.ts'
import { sql } from '#platform/postgres/sql.ts'
import { flushPacket, packet } from './packet.ts'
import { makeRepository, type Repository } from '../../../test/support/repository.ts'
import { waitFor } from '../../../test/support/wait.ts'
import { startSource, type SourceWorld } from '../../../test/support/source.ts'
import { isLong, longTest } from '../../../test/support/scale.ts'

const execute = promisify(execFile)
let world: SourceWorld
const repositories: Repository[] = []
const folders: string[] = []
beforeAll(async () => {
  world = await startSource({ largestPush: 64 * 1024 * 1024 })
})
afterAll(async () => {
  await world.close()
  await Promise.all(repositories.map((repository) => repository.remove()))
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })))
})

async function repositoryWith(
  files: Record<string, string> = { 'a.txt': 'one' },
): Promise<Repository> {
  const repository = await makeRepository(files)
  repositories.push(repository)
  return repository
}

async function hosted(name: string, branch = 'main'): Promise<string> {
  await world.source.register({ name, repository: { kind: 'hosted' }, branch }, 'ada')
  return name
}

/** Returns the output of a git command that fails. */
const refusal = (attempt: Promise<string>): Promise<string> =>
  attempt.then(
    () => 'it was not refused',
    (error: { stderr: string }) => error.stderr,
  )

test('a push is one change, its head, and shows the developer the run', async () => {
  const app = await hosted('pushed')
  const repository = await repositoryWith()
  await repository.commit({ 'b.txt': 'two' })
  const head = await repository.commit({ 'c.txt': 'three' }, 'Say "three" $(echo no) \u{1f980}')
  const shown = await repository.git('push', world.remote(app), 'HEAD:main')
  expect(shown).toContain(`remote: Fairlead: delivering ${head.slice(0, 7)} of pushed`)
  expect(shown).toContain('remote: http://localhost:4400/runs/7')
  expect(await world.changes(app)).toMatchObject([{ sha: head, base: null }])
  expect(await world.runs(app)).toEqual([head])
  expect(await world.eventTypes(app)).toEqual(['repository.created', 'change.merged'])
  const next = await repository.commit({ 'c.txt': 'four' })
  await repository.git('push', world.remote(app), 'HEAD:main')
  expect((await world.changes(app))[1]).toMatchObject({ sha: next, base: head })
})

test('a commit that is pushed again is not delivered again', async () => {
  const app = await hosted('again')
  const repository = await repositoryWith()
  await repository.git('push', world.remote(app), 'HEAD:main')
  expect(await repository.git('push', world.remote(app), 'HEAD:main')).toContain(
    'Everything up-to-date',
  )
  expect(await world.runs(app)).toHaveLength(1)
})

test('a change has the user who pushed it, also when a check found the commit first', async () => {
  const app = await hosted('people')
  const repository = await repositoryWith()
  const people = () =>
    world.db.query<{ people: unknown }>(
      sql`select people from change where app = ${app} order by received`,
    )
  const ada = { name: 'ada', email: null, isPusher: true }
  const git = (...args: string[]) => repository.git('push', world.remote(app), ...args)
  await repository.git('commit', '--allow-empty', '--author', 'Eve <e@example.com>', '-m', 'x')
  await git('HEAD:main')
  expect(await people()).toEqual([{ people: [ada] }])
  await repository.commit({ 'b.txt': 'two' })
  world.outage.error = new Error('no database')
  await refusal(git('HEAD:main'))
  world.outage.error = null
  await world.source.sync(app, 'fairlead')
  expect(await people()).toEqual([{ people: [ada] }, { people: [] }])
  const head = (await repository.git('rev-parse', 'HEAD')).trim()
  const pushed = { ref: 'refs/heads/main', sha: head, person: { name: 'ada', email: null } }
  await world.source.receive(app, 'ada', [pushed])
  expect(await people()).toEqual([{ people: [ada] }, { people: [ada] }])
})

test('a push to an app of another repository is refused with the reason', async () => {
  const upstream = await repositoryWith()
  const register = (name: string, repository: SourceRepository): Promise<unknown> =>
    world.source.register({ name, repository, branch: 'main' }, 'ada')
  await register('by-path', { kind: 'path', path: upstream.folder })
  await register('by-url', { kind: 'url', url: `file://${upstream.folder}` })
  for (const app of ['by-path', 'by-url']) {
    await world.source.sync(app, 'fairlead')
    const clone = await repositoryWith()
    await clone.git('fetch', '--quiet', world.remote(app), 'main')
    const said = await refusal(clone.git('push', world.remote(app), '--force', 'HEAD:main'))
    expect(said).toContain(`remote: ${app} is delivered from `)
    expect(said).toContain(upstream.folder)
    expect(await world.runs(app)).toHaveLength(1)
  }
})

test('pushes of other branches and tags are stored and deliver nothing', async () => {
  const app = await hosted('others')
  const repository = await repositoryWith()
  const head = await repository.commit({ 'b.txt': 'two' })
  expect(await repository.git('push', world.remote(app), 'HEAD:feature')).toContain(
    'remote: Fairlead: push to main to deliver others; the branch has no commit yet',
  )
  expect(await world.runs(app)).toEqual([])
  await repository.git('push', world.remote(app), 'HEAD:main')
  await repository.git('tag', '-a', 'v1', '-m', 'one')
  const shown = await repository.git('push', world.remote(app), 'v1')
  expect(shown).toContain(
    `remote: Fairlead: nothing to deliver; main of others is still at ${head.slice(0, 7)}`,
  )
  expect(await world.runs(app)).toHaveLength(1)
  const listed = await repository.git('ls-remote', world.remote(app))
  expect(listed).toContain('refs/tags/v1')
  expect(listed).toContain('refs/heads/feature')
})

test('a force-push delivers the new head, with the old head as its base', async () => {
  const app = await hosted('forced')
  const repository = await repositoryWith()
  const first = (await repository.git('rev-parse', 'HEAD')).trim()
  const second = await repository.commit({ 'a.txt': 'two' })
  await repository.git('push', world.remote(app), 'HEAD:main')
  await repository.git('commit', '--quiet', '--amend', '-m', 'Otherwise')
  const amended = (await repository.git('rev-parse', 'HEAD')).trim()
  expect(await refusal(repository.git('push', world.remote(app), 'HEAD:main'))).toContain(
    'rejected',
  )
  await repository.git('push', '--force', world.remote(app), 'HEAD:main')
  await repository.git('push', '--force', world.remote(app), `${first}:main`)
  await repository.git('push', '--force', world.remote(app), `${second}:main`)
  expect(await world.changes(app)).toMatchObject([
    { sha: second, base: null },
    { sha: amended, base: second },
    { sha: first, base: amended },
  ])
  expect(await world.runs(app)).toEqual([second, amended, first, second])
})

test('a deleted branch is an event and stops nothing; pushing it again delivers', async () => {
  const app = await hosted('deleted')
  const repository = await repositoryWith()
  await repository.git('push', world.remote(app), 'HEAD:main')
  expect(await repository.git('push', world.remote(app), ':main')).toContain(
    'main of deleted was deleted; running releases stay',
  )
  expect(await world.eventTypes(app)).toEqual([
    'repository.created',
    'change.merged',
    'branch.deleted',
  ])
  expect(await world.head(app)).toBe(null)
  await repository.git('push', world.remote(app), 'HEAD:main')
  expect(await world.runs(app)).toHaveLength(2)
})

test('a fetch requires a viewer, a push a developer, and both a token', async () => {
  const app = await hosted('guarded')
  const repository = await repositoryWith()
  await repository.git('push', world.remote(app), 'HEAD:main')
  expect(await repository.git('ls-remote', world.remote(app, 'viewer-token'))).toContain(
    'refs/heads/main',
  )
  expect(
    await refusal(repository.git('push', world.remote(app, 'viewer-token'), 'HEAD:main')),
  ).toMatch(/remote: Your token lacks permission: a push requires the role developer/)
  expect(
    await refusal(repository.git('ls-remote', world.remote('nothing-here', 'wrong'))),
  ).toContain('remote: Sign in with any user name and a token as the password')
  expect(await refusal(repository.git('ls-remote', world.remote('nothing-here')))).toContain(
    'remote: There is no app nothing-here. Register it with',
  )
  const answer = await fetch(
    world.remote(app).replace(/\/\/.*@/, '//') + '/info/refs?service=git-upload-pack',
  )
  expect(answer.status).toBe(401)
  expect(answer.headers.get('www-authenticate')).toContain('Basic')
})

test.each(['..', '%2e%2e', '..%2f..%2fetc', 'a%20b', '%24(touch x)', '%00', '//'])(
  'the app name %s is none',
  async (name) => {
    const authorization = `Basic ${Buffer.from('x:developer-token').toString('base64')}`
    const url = new URL(world.remote('x'))
    const answer = await fetch(`http://${url.host}/git/${name}/info/refs?service=git-upload-pack`, {
      headers: { authorization },
    })
    expect(answer.status).toBe(404)
  },
)

test('branches and files may have any name that git allows', async () => {
  const branch = "fix/$(touch${IFS}pwned);'quote'\"&|ü"
  const app = await hosted('names', branch)
  const files = {
    'with space.txt': '1',
    'quo\'te".txt': '2',
    '$(touch pwned).txt': '3',
    'ünï/cödé \u{1f980}.txt': '4',
    '-rf': '5',
  }
  const repository = await repositoryWith(files)
  const head = (await repository.git('rev-parse', 'HEAD')).trim()
  const shown = await repository.git('push', world.remote(app), `HEAD:refs/heads/${branch}`)
  expect(shown).toContain('Fairlead: delivering')
  const folder = join(world.folder, 'names')
  await world.source.checkout({
    app,
    sha: head,
    folder,
    isTrusted: true,
    signal: new AbortController().signal,
  })
  expect((await execute('git', ['status', '--porcelain'], { cwd: folder })).stdout).toBe('')
  const listed = (await execute('git', ['ls-files', '-z'], { cwd: folder })).stdout
    .split('\0')
    .filter(Boolean)
  expect(listed.sort()).toEqual(Object.keys(files).sort())
})

test('a push with a dangerous tree is refused', async () => {
  const app = await hosted('hostile')
  const repository = await repositoryWith()
  const blob = (await repository.git('hash-object', '-w', 'a.txt')).trim()
  const evil = Buffer.concat([Buffer.from('100644 ..\0'), Buffer.from(blob, 'hex')])
  const tree = await new Promise<string>((resolve, reject) => {
    const child = execFile(
      'git',
      ['hash-object', '-t', 'tree', '-w', '--literally', '--stdin'],
      { cwd: repository.folder },
      (error, out) => (error ? reject(error) : resolve(out.trim())),
    )
    child.stdin?.end(evil)
  })
  const commit = (await repository.git('commit-tree', '-m', 'evil', tree)).trim()
  expect(
    await refusal(repository.git('push', world.remote(app), `${commit}:refs/heads/main`)),
  ).toContain('hasDotdot')
  expect(await world.changes(app)).toEqual([])
})

longTest(
  'of two concurrent pushes one wins, the other fails, and one change is stored',
  async () => {
    const app = await hosted('race')
    const one = await repositoryWith({ 'a.txt': 'a' })
    const two = await repositoryWith({ 'b.txt': 'b' })
    const tried = await Promise.allSettled(
      [one, two].map((repository) => repository.git('push', world.remote(app), 'HEAD:main')),
    )
    expect(tried.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected'])
    const winner = tried[0]?.status === 'fulfilled' ? one : two
    const head = (await winner.git('rev-parse', 'HEAD')).trim()
    expect((await world.changes(app)).map((change) => change.sha)).toEqual([head])
    expect(await world.runs(app)).toEqual([head])
  },
)

test('concurrent pushes to different branches succeed', async () => {
  const app = await hosted('parallel')
  const repository = await repositoryWith()
  const branches = ['main', 'b', 'c', 'd', 'e']
  await Promise.all(
    branches.map((branch) =>
      repository.git('push', world.remote(app), `HEAD:refs/heads/${branch}`),
    ),
  )
  expect(
    (await repository.git('ls-remote', '--heads', world.remote(app))).trim().split('\n'),
  ).toHaveLength(5)
  expect(await world.runs(app)).toHaveLength(1)
})

test('pushes in a row are as many changes, each based on the previous one', async () => {
  const count = isLong ? 20 : 6
  const app = await hosted('many')
  const repository = await repositoryWith()
  const heads: string[] = []
  for (let i = 0; i < count; i += 1) {
    heads.push(await repository.commit({ 'a.txt': String(i) }))
    await repository.git('push', world.remote(app), 'HEAD:main')
  }
  const changes = await world.changes(app)
  expect(changes.map((change) => change.sha)).toEqual(heads)
  expect(changes.map((change) => change.base)).toEqual([null, ...heads.slice(0, -1)])
  expect(new Set(changes.map((change) => change.chain)).size).toBe(count)
})

test('a push during a database outage is not acknowledged, and found afterwards', async () => {
  const app = await hosted('outage')
  const repository = await repositoryWith()
  const head = (await repository.git('rev-parse', 'HEAD')).trim()
  world.outage.error = new Error('connection terminated at secret-host')
  const said = await refusal(repository.git('push', world.remote(app), 'HEAD:main'))
  world.outage.error = null
  expect(said).toContain('remote: Fairlead has the commits, but its database is unavailable')
  expect(said).not.toContain('secret-host')
  expect(await world.changes(app)).toEqual([])
  expect(await world.source.sync(app, 'fairlead')).toMatchObject({
    decision: { kind: 'new_change', sha: head },
    run: 7,
  })
  expect(await world.source.sync(app, 'fairlead')).toMatchObject({
    decision: { kind: 'known' },
    run: null,
  })
  expect(await world.runs(app)).toEqual([head])
})

longTest('a clone, a shallow clone, and a push from the shallow clone work', async () => {
  const app = await hosted('cloned')
  const repository = await repositoryWith()
  for (let i = 0; i < 5; i += 1) await repository.commit({ 'a.txt': String(i) })
  await repository.git('push', world.remote(app), 'HEAD:main')
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-clone-'))
  folders.push(folder)
  const git = async (...args: string[]): Promise<string> =>
    (await execute('git', args, { cwd: folder })).stdout
  await git('clone', '--quiet', '--depth', '1', world.remote(app), '.')
  expect((await git('rev-list', '--count', 'HEAD')).trim()).toBe('1')
  await git(
    '-c',
    'user.name=a',
    '-c',
    'user.email=a@b',
    'commit',
    '--quiet',
    '--allow-empty',
    '-m',
    'From the shallow clone',
  )
  await git('push', '--quiet', 'origin', 'HEAD:main')
  const head = (await git('rev-parse', 'HEAD')).trim()
  expect((await world.changes(app)).at(-1)?.sha).toBe(head)
  await git('fetch', '--quiet', '--unshallow')
  expect((await git('rev-list', '--count', 'HEAD')).trim()).toBe('7')
})

test('an old protocol version and a compressed body are supported', async () => {
  const app = await hosted('old')
  const repository = await repositoryWith()
  await repository.git('-c', 'protocol.version=0', 'push', world.remote(app), 'HEAD:main')
  // Many branches make the request of the client long enough to be compressed.
  const names = Array.from({ length: 300 }, (_, i) => `HEAD:refs/heads/b${i}`)
  await repository.git('push', '--quiet', world.remote(app), ...names)
  for (const version of ['0', '1', '2']) {
    const folder = await mkdtemp(join(tmpdir(), 'fairlead-clone-'))
    folders.push(folder)
    await execute('git', [
      '-c',
      `protocol.version=${version}`,
      'clone',
      '--quiet',
      world.remote(app),
      folder,
    ])
    expect(
      (await execute('git', ['branch', '-r'], { cwd: folder })).stdout.trim().split('\n').length,
    ).toBeGreaterThan(300)
  }
})

longTest('a large push passes through in little memory', async () => {
  const app = await hosted('big')
  const repository = await repositoryWith()
  await writeFile(join(repository.folder, 'big.bin'), randomBytes(40 * 1024 * 1024))
  const head = await repository.commit({})
  let looks = 0
  // Counts live memory, without garbage that a busy machine has not collected yet.
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const held = (): number => {
    collect()
    return process.memoryUsage().arrayBuffers
  }
  let [least, most] = [held(), 0]
  let watch: NodeJS.Timeout
  // A collection of a large heap takes long: the pause leaves most of the time to the push.
  const look = (): void => {
    const now = held()
    looks += 1
    least = Math.min(least, now)
    most = Math.max(most, now)
    watch = setTimeout(look, 200)
  }
  watch = setTimeout(look, 25)
  await repository.git('push', world.remote(app), 'HEAD:main')
  clearTimeout(watch)
  expect((await world.changes(app))[0]?.sha).toBe(head)
  expect(looks).toBeGreaterThan(0)
  expect(most - least).toBeLessThan(20 * 1024 * 1024)
})

test('a push above the limit is refused with a sentence and leaves no files', async () => {
  const app = await hosted('too-big')
  const small = await startSource({ largestPush: 100_000 })
  try {
    await small.source.register(
      { name: app, repository: { kind: 'hosted' }, branch: 'main' },
      'ada',
    )
    const repository = await repositoryWith()
    await writeFile(join(repository.folder, 'big.bin'), randomBytes(4 * 1024 * 1024))
    await repository.commit({})
    expect(await refusal(repository.git('push', small.remote(app), 'HEAD:main'))).toMatch(
      /remote: fatal: pack exceeds maximum allowed size/,
    )
    expect(await small.changes(app)).toEqual([])
    const answers = (await repository.git('ls-remote', small.remote(app))).trim()
    expect(answers).toBe('')
  } finally {
    await small.close()
  }
})

longTest('a fetch whose request is too large when it is decompressed is refused', async () => {
  const app = await hosted('bomb')
  const repository = await repositoryWith()
  await repository.git('push', world.remote(app), 'HEAD:main')
  const have = packet(`have ${'a'.repeat(40)}\n`)
  const start = Buffer.concat([packet('command=fetch\n'), Buffer.from('0001')])
  const haves = (bytes: number) => Buffer.alloc(bytes - (bytes % have.length), have)
  const url = new URL(world.remote(app))
  const ask = async (bytes: number) => {
    const response = await fetch(`http://${url.host}${url.pathname}/git-upload-pack`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from('x:viewer-token').toString('base64')}`,
        'content-encoding': 'gzip',
        'git-protocol': 'version=2',
      },
      body: gzipSync(Buffer.concat([start, haves(bytes), packet('done\n'), flushPacket])),
    })
    return [response.status, response.status === 200 ? '' : await response.text()]
  }
  expect(await ask(34 * 1024 * 1024)).toEqual([413, 'The request is larger than 32 MB.\n'])
  expect(await ask(100_000)).toEqual([200, ''])
})

test('a client that disconnects during a push leaves no git process behind', async () => {
  const app = await hosted('cut-off')
  const repository = await repositoryWith()
  const url = new URL(world.remote(app))
  for (const encoding of ['identity', 'gzip']) {
    const sent = request({
      ...{
        host: url.hostname,
        port: url.port,
        path: `${url.pathname}/git-receive-pack`,
        method: 'POST',
        agent: false,
      },
      auth: 'x:developer-token',
      headers: {
        'content-type': 'application/x-git-receive-pack-request',
        'content-encoding': encoding,
        'content-length': '100000',
      },
    })
    sent.on('error', () => undefined)
    // The length of a packet whose data never arrives.
    sent.write(
      encoding === 'gzip' ? gzipSync('00a0', { finishFlush: constants.Z_SYNC_FLUSH }) : '00a0',
    )
    await waitFor(`git runs ${encoding}`, async () => (await gitsOf(app)) > 0, 25)
    sent.destroy()
    await waitFor(`git ends ${encoding}`, async () => (await gitsOf(app)) === 0, 25)
  }
  await repository.git('push', world.remote(app), 'HEAD:main')
  expect(await world.runs(app)).toHaveLength(1)
})

/** The git processes that serve an app. */
async function gitsOf(app: string): Promise<number> {
  const { stdout } = await execute('ps', ['-eo', 'args'])
  return stdout
    .split('\n')
    .filter((line) => line.includes('receive-pack') && line.includes(world.source.bareOf(app)))
    .length
}

test('without git the developer reads a sentence, and the server keeps running', async () => {
  const app = await hosted('without-git')
  const repository = await repositoryWith()
  const path = process.env['PATH']
  const url = new URL(world.remote(app))
  const authorization = `Basic ${Buffer.from('x:developer-token').toString('base64')}`
  const ask = (rest: string, method: string) =>
    fetch(`http://${url.host}${url.pathname}${rest}`, { method, headers: { authorization } })
  process.env['PATH'] = '/nowhere'
  const answers = await Promise.all([
    ask('/info/refs?service=git-receive-pack', 'GET'),
    ask('/git-receive-pack', 'POST'),
    ask('/git-upload-pack', 'POST'),
  ]).finally(() => {
    process.env['PATH'] = path
  })
  for (const answer of answers)
    expect([answer.status, await answer.text()]).toEqual([
      500,
      'git is not installed on the machine that runs Fairlead.\n',
    ])
  await repository.git('push', world.remote(app), 'HEAD:main')
})

longTest('a request that is not part of the protocol is refused', async () => {
  const app = await hosted('no-git')
  const authorization = `Basic ${Buffer.from('x:developer-token').toString('base64')}`
  const url = new URL(world.remote(app))
  const ask = async (rest: string, method = 'GET') =>
    (
      await fetch(`http://${url.host}${url.pathname}${rest}`, {
        method,
        headers: { authorization },
      })
    ).status
  expect(await ask('/info/refs')).toBe(404)
  expect(await ask('/info/refs?service=git-upload-archive')).toBe(404)
  expect(await ask('/HEAD')).toBe(404)
  expect(await ask('/objects/info/packs')).toBe(404)
  expect(await ask('/git-receive-pack')).toBe(405)
  expect(await ask('/info/refs?service=git-receive-pack', 'POST')).toBe(405)
})
