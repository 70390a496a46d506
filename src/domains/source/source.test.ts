import { execFile } from 'node:child_process'
import { chmod, chown, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Caller } from '#contract/handler.ts'
import { raw, sql } from '#platform/postgres/sql.ts'
import { makeRepository, type Repository } from '../../../test/support/repository.ts'
import { waitFor } from '../../../test/support/wait.ts'
import { startSource, type SourceWorld } from '../../../test/support/source.ts'
import { runJobs } from '#engine/every.ts'
import { systemClock, systemSleep } from '#platform/clock.ts'
import { sourceHandlers } from './handlers.ts'
import { pollingJobs } from './polling.ts'
import { isSsh } from './checkout.ts'
import { localSignature } from './repository.ts'
import { requiresRoot } from '../../../test/support/programs.ts'

const execute = promisify(execFile)
const never = new AbortController().signal
let world: SourceWorld
const repositories: Repository[] = []
const folders: string[] = []
beforeAll(async () => {
  world = await startSource()
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

const headOf = async (repository: Repository): Promise<string> =>
  (await repository.git('rev-parse', 'HEAD')).trim()
const inPath = (name: string, path: string) =>
  world.source.register({ name, repository: { kind: 'path', path }, branch: 'main' }, 'ada')
const atUrl = (name: string, url: string) =>
  world.source.register({ name, repository: { kind: 'url', url }, branch: 'main' }, 'ada')
const hosted = (name: string) =>
  world.source.register({ name, repository: { kind: 'hosted' }, branch: 'main' }, 'ada')

async function checkedOut(
  app: string,
  sha: string,
): Promise<{ folder: string; warnings: string[]; git(...args: string[]): Promise<string> }> {
  const folder = join(await mkdtemp(join(tmpdir(), 'fairlead-checkout-')), 'workspace')
  folders.push(join(folder, '..'))
  const { warnings } = await world.source.checkout({
    app,
    sha,
    folder,
    isTrusted: true,
    signal: never,
  })
  return {
    folder,
    warnings,
    git: async (...args) => (await execute('git', args, { cwd: folder })).stdout,
  }
}

describe('registration', () => {
  test('registering an app again has no effect; another repository is refused', async () => {
    const tried = await Promise.all([1, 2, 3, 4].map(() => hosted('same')))
    expect(new Set(tried.map((app) => JSON.stringify(app))).size).toBe(1)
    expect(tried[0]).toMatchObject({
      name: 'same',
      remote: 'http://localhost:4400/git/same.git',
      problem: null,
    })
    expect(await world.eventTypes('same')).toEqual(['repository.created'])
    await expect(inPath('same', '/srv/other')).rejects.toThrow(
      'The app same (of hosted here) already exists.',
    )
  })

  test('an empty repository can be registered', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'fairlead-empty-'))
    folders.push(folder)
    await execute('git', ['init', '--quiet', '-b', 'main'], { cwd: folder })
    await inPath('empty', folder)
    expect(await world.source.sync('empty', 'fairlead')).toEqual({
      decision: { kind: 'empty' },
      run: null,
    })
    await expect(world.source.deliverCommit('empty', undefined, 'ada')).rejects.toThrow(
      'its branch main has no commit',
    )
    expect((await world.source.get('empty'))?.problem).toBe(null)
  })

  test.each([
    ['/nowhere/at/all', "'/nowhere/at/all' does not appear to be a git repository"],
    ['relative', 'the path must be absolute'],
    [tmpdir(), 'does not appear to be a git repository'],
  ])('%s is no repository, and the sentence says so', async (path, problem) => {
    const said = await inPath('no-path', path).catch((error: Error) => error.message)
    expect(said).toContain(`The repository ${path} cannot be used: `)
    expect(said).toContain(problem)
    expect(await world.source.get('no-path')).toBe(null)
  })

  test.each([
    'ext::sh -c "touch /tmp/fairlead-pwned"',
    '--upload-pack=touch /tmp/fairlead-pwned',
    'ext::sh%20-c%20x',
  ])('%s runs nothing', async (url) => {
    await expect(atUrl('no-url', url)).rejects.toThrow('the address')
    await expect(stat('/tmp/fairlead-pwned')).rejects.toThrow('ENOENT')
  })

  test('a repository of another user can be read', requiresRoot, async () => {
    const repository = await repositoryWith()
    await execute('chown', ['-R', '12345:12345', repository.folder])
    await inPath('foreign', repository.folder)
    expect(await world.source.deliverCommit('foreign', undefined, 'ada')).toMatchObject({ run: 7 })
    await chown(repository.folder, 0, 0)
  })

  test('removing an app removes its repository; an app of the same name starts empty', async () => {
    await hosted('gone')
    const repository = await repositoryWith()
    await repository.git('push', world.remote('gone'), 'HEAD:main')
    const stopped: string[] = []
    const handlers = sourceHandlers(world.source, {
      onDelete: async (app) => void stopped.push(app),
    })
    const by = { credential: 'machine', address: '::1' } as const
    const caller: Caller = {
      name: 'ada',
      role: 'admin',
      apps: {},
      by,
      email: null,
      user: null,
      session: null,
      isLimited: false,
    }
    await handlers.deleteApp({ params: { app: 'gone' }, query: {}, body: {} }, caller, never)
    expect(stopped).toEqual(['gone'])
    await expect(
      handlers.getApp({ params: { app: 'gone' }, query: {}, body: {} }, caller, never),
    ).rejects.toThrow('There is no app gone.')
    await expect(stat(world.source.bareOf('gone'))).rejects.toThrow('ENOENT')
    expect(await world.eventTypes('gone')).toEqual([
      'repository.created',
      'change.merged',
      'repository.deleted',
    ])
    await hosted('gone')
    expect(await world.source.sync('gone', 'fairlead')).toEqual({
      decision: { kind: 'empty' },
      run: null,
    })
  })
})

describe('receive', () => {
  test('concurrent checks store one change and start one run', async () => {
    await hosted('at-once')
    const repository = await repositoryWith()
    world.outage.error = new Error('down')
    await repository.git('push', world.remote('at-once'), 'HEAD:main').catch(() => undefined)
    world.outage.error = null
    const looks = await Promise.all(
      Array.from({ length: 12 }, () => world.source.receive('at-once', 'fairlead')),
    )
    expect(looks.filter((look) => look.run !== null)).toHaveLength(1)
    expect(await world.runs('at-once')).toEqual([await headOf(repository)])
    expect(await world.eventTypes('at-once')).toEqual(['repository.created', 'change.merged'])
  })

  test('a change, its event, its run and the head are stored together or not at all', async () => {
    await hosted('whole')
    const repository = await repositoryWith({ 'a.txt': 'only here' })
    const head = await headOf(repository)
    await world.db.query(raw(`alter table began add constraint refused check (sha <> '${head}')`))
    await repository.git('push', world.remote('whole'), 'HEAD:main').catch(() => undefined)
    expect([
      await world.changes('whole'),
      await world.head('whole'),
      await world.runs('whole'),
    ]).toEqual([[], null, []])
    expect(await world.eventTypes('whole')).toEqual(['repository.created'])
    await world.db.query(sql`alter table began drop constraint refused`)
    expect(await world.source.sync('whole', 'fairlead')).toMatchObject({ run: 7 })
  })

  test('a push whose acknowledgement was lost has its change when it is repeated', async () => {
    await hosted('repeated')
    const repository = await repositoryWith()
    const head = await headOf(repository)
    world.outage.error = new Error('down')
    await repository.git('push', world.remote('repeated'), 'HEAD:main').catch(() => undefined)
    world.outage.error = null
    expect(await world.runs('repeated')).toEqual([])
    expect(await repository.git('push', world.remote('repeated'), 'HEAD:main')).toContain(
      'Everything up-to-date',
    )
    expect(await world.runs('repeated')).toEqual([head])
  })

  test('each commit of the branch belongs to one change', async () => {
    await hosted('several')
    const repository = await repositoryWith()
    const pushed: string[] = [await headOf(repository)]
    for (const count of [2, 1, 3]) {
      for (let i = 0; i < count; i += 1)
        pushed.push(await repository.commit({ n: `${count} ${i}` }))
      await repository.git('push', world.remote('several'), 'HEAD:main')
    }
    await repository.git('push', world.remote('several'), ':main')
    pushed.push(await repository.commit({ n: 'again' }))
    await repository.git('push', world.remote('several'), 'HEAD:main')
    const events = await world.db.query<{ subject: string; data: { earlier: string[] } }>(
      sql`select subject, data from event where app = 'several' and type like '%change.merged'
        order by id`,
    )
    expect(events.map(({ data }) => data.earlier.length)).toEqual([2, 0, 2, 0])
    const commits = events.flatMap(({ subject, data }) => [
      ...data.earlier.toReversed(),
      subject.slice('change/'.length),
    ])
    expect(commits).toEqual(pushed)
  })

  test('a commit with an extreme time and a huge subject is accepted', async () => {
    await hosted('strange')
    const repository = await repositoryWith()
    const tree = (await repository.git('write-tree')).trim()
    const time = '99999999999999 +0000'
    const header = `tree ${tree}\nauthor A\u0301 <a@b> ${time}\ncommitter A <a@b> ${time}`
    const raw = `${header}\n\n${'x'.repeat(100_000)}\n`
    const commit = await new Promise<string>((resolve, reject) => {
      const child = execFile(
        'git',
        ['hash-object', '-t', 'commit', '-w', '--stdin'],
        { cwd: repository.folder },
        (error, out) => (error ? reject(error) : resolve(out.trim())),
      )
      child.stdin?.end(raw)
    })
    await repository.git('push', world.remote('strange'), `${commit}:refs/heads/main`)
    expect((await world.changes('strange'))[0]?.sha).toBe(commit)
    expect(
      (
        await world.db.query<{ n: number }>(
          sql`select length(subject) as n from change where app = 'strange'`,
        )
      )[0]?.n,
    ).toBe(500)
  })

  test('a missing repository is recreated empty and is not a deleted branch', async () => {
    await hosted('lost')
    const repository = await repositoryWith()
    await repository.git('push', world.remote('lost'), 'HEAD:main')
    await rm(world.source.bareOf('lost'), { recursive: true })
    expect(await world.source.sync('lost', 'fairlead')).toEqual({
      decision: { kind: 'empty' },
      run: null,
    })
    expect(await world.eventTypes('lost')).not.toContain('branch.deleted')
    await repository.git('push', world.remote('lost'), 'HEAD:main')
    expect(await world.runs('lost')).toHaveLength(2)
  })
})

describe('other repositories', () => {
  test('a path is followed, and is a problem while it is missing', async () => {
    const repository = await repositoryWith()
    await inPath('local', repository.folder)
    await world.source.sync('local', 'fairlead')
    await rename(repository.folder, `${repository.folder}-away`)
    await expect(world.source.sync('local', 'fairlead')).rejects.toThrow(
      'does not appear to be a git repository',
    )
    expect((await world.source.get('local'))?.problem).toContain(
      'does not appear to be a git repository',
    )
    await rename(`${repository.folder}-away`, repository.folder)
    const head = await repository.commit({ 'a.txt': 'two' })
    expect(await world.source.sync('local', 'fairlead')).toMatchObject({
      decision: { kind: 'new_change', sha: head },
    })
    expect((await world.source.get('local'))?.problem).toBe(null)
    await repository.git('checkout', '--quiet', '--detach')
    await repository.git('branch', '-D', 'main')
    expect(await world.source.sync('local', 'fairlead')).toMatchObject({
      decision: { kind: 'branch_deleted' },
    })
  })

  test('branches with similar names do not prevent a fetch', async () => {
    const repository = await repositoryWith()
    await repository.git('branch', 'a')
    await inPath('renamed', repository.folder)
    await world.source.sync('renamed', 'fairlead')
    await repository.git('branch', '-D', 'a')
    const other = await repository.commit({ 'x.txt': 'other' })
    await repository.git('branch', 'a/b')
    await repository.git('branch', 'a/refs/heads/main')
    const head = await repository.commit({ 'a.txt': 'two' })
    expect(await world.source.sync('renamed', 'fairlead')).toMatchObject({
      decision: { sha: head },
    })
    expect(head).not.toBe(other)
  })

  test.each(['path', 'url'])('tags of a %s are followed, also on the same head', async (kind) => {
    const app = `tags-${kind}`
    const repository = await repositoryWith()
    await repository.git('tag', 'latest')
    await repository.git('tag', 'gone')
    if (kind === 'path') await inPath(app, repository.folder)
    else await atUrl(app, `file://${repository.folder}`)
    await world.source.sync(app, 'fairlead')
    const head = await repository.commit({ 'a.txt': 'two' })
    await world.source.sync(app, 'fairlead')
    await repository.git('tag', '--force', 'latest')
    await repository.git('tag', '--delete', 'gone')
    await repository.git('tag', '-a', 'v3', '-m', 'three')
    expect(await world.source.sync(app, 'fairlead')).toMatchObject({ decision: { kind: 'known' } })
    const { git } = await checkedOut(app, head)
    expect((await git('tag', '--list')).split('\n')).toEqual(['latest', 'v3', ''])
    expect((await git('rev-parse', 'latest')).trim()).toBe(head)
    expect((await git('describe')).trim()).toBe('v3')
    await repository.git('tag', 'v4')
    expect(await world.source.deliverCommit(app, head, 'ada')).toEqual({ sha: head, run: null })
    const tags = await (await checkedOut(app, head)).git('tag', '--list')
    expect(tags.includes('v4')).toBe(kind === 'path')
  })

  test('the signature of a repository changes with its branch and its tags only', async () => {
    const { folder, git, commit } = await repositoryWith()
    const signature = () => localSignature(folder, 'main')
    let last = await signature()
    const changes = async (what: string, expected: boolean): Promise<void> => {
      const now = await signature()
      expect(now !== last, what).toBe(expected)
      last = now
    }
    await changes('nothing', false)
    await git('branch', 'other')
    await changes('another branch', false)
    for (const name of ['v1', 'release/v1']) {
      await git('tag', name)
      await changes(`a new tag ${name}`, true)
    }
    await commit({ 'a.txt': 'two' })
    await changes('a commit', true)
    await git('tag', '--force', 'release/v1')
    await changes('a moved tag', true)
    await git('tag', '--delete', 'v1')
    await changes('a deleted tag', true)
    await git('pack-refs', '--all')
    await changes('packed refs', true)
  })

  test('a shallow clone is delivered once, with the history that it has', async () => {
    const origin = await repositoryWith()
    await origin.commit({ 'a.txt': 'two' })
    const head = await origin.commit({ 'a.txt': 'three' })
    const folder = await mkdtemp(join(tmpdir(), 'fairlead-shallow-'))
    folders.push(folder)
    await execute('git', ['clone', '--quiet', '--depth', '1', `file://${origin.folder}`, folder])
    await inPath('shallow', folder)
    expect(await world.source.deliverCommit('shallow', head, 'ada')).toEqual({ sha: head, run: 7 })
    expect(await world.source.deliverCommit('shallow', head, 'ada')).toMatchObject({ run: null })
    const { git, warnings } = await checkedOut('shallow', head)
    expect((await git('log', '--format=%H')).trim()).toBe(head)
    expect(warnings).toEqual([
      'its repository is a shallow clone, so steps see only its last commits',
    ])
    const second = await origin.commit({ 'a.txt': 'four' })
    await execute('git', ['pull', '--quiet', '--unshallow'], { cwd: folder })
    expect(await world.source.sync('shallow', 'fairlead')).toMatchObject({ run: 7 })
    const whole = await checkedOut('shallow', second)
    expect((await whole.git('log', '--format=%H')).trim().split('\n')).toHaveLength(4)
    expect(whole.warnings).toEqual([])
    expect(await world.runs('shallow')).toEqual([head, second])
  })

  test('says that the branch was renamed, and delivers another one on request', async () => {
    const repository = await repositoryWith()
    await inPath('moved', repository.folder)
    await world.source.sync('moved', 'fairlead')
    await repository.git('branch', '--move', 'main', 'trunk')
    const head = await repository.commit({ 'a.txt': 'two' })
    const first = (await repository.git('rev-parse', 'HEAD~1')).trim()
    expect(await world.source.sync('moved', 'fairlead')).toMatchObject({
      decision: { kind: 'branch_deleted' },
    })
    const problem =
      'it has no branch main; to deliver trunk, run `fairlead app set moved --branch trunk`'
    expect((await world.source.get('moved'))?.problem).toBe(problem)
    await expect(world.source.deliverCommit('moved', undefined, 'ada')).rejects.toThrow(problem)
    await expect(world.source.setBranch('moved', 'nowhere', 'ada')).rejects.toThrow(
      'it has no branch nowhere; to deliver trunk,',
    )
    await expect(world.source.setBranch('moved', '-x', 'ada')).rejects.toThrow('branch')
    expect(await world.source.setBranch('moved', 'trunk', 'ada')).toMatchObject({
      ...{ branch: 'trunk', problem: null },
    })
    expect(await world.runs('moved')).toEqual([first, head])
    expect((await world.eventTypes('moved')).slice(2)).toEqual([
      'branch.deleted',
      'repository.modified',
      'change.merged',
    ])
  })

  test('another branch of a hosted repository becomes its default branch', async () => {
    await hosted('default')
    const repository = await repositoryWith()
    const head = await headOf(repository)
    await repository.git('push', world.remote('default'), 'HEAD:trunk')
    expect(await world.runs('default')).toEqual([])
    await world.source.setBranch('default', 'trunk', 'ada')
    expect(await world.runs('default')).toEqual([head])
    expect(
      await repository.git('ls-remote', '--symref', world.remote('default'), 'HEAD'),
    ).toContain('ref: refs/heads/trunk')
  })

  test('a remote URL is followed, and its password appears in no output', async () => {
    await hosted('upstream')
    const repository = await repositoryWith()
    await repository.git('push', world.remote('upstream'), 'HEAD:main')
    const app = await atUrl('mirror', world.remote('upstream'))
    const head = await headOf(repository)
    expect(await world.source.sync('mirror', 'fairlead')).toMatchObject({
      decision: { kind: 'new_change', sha: head },
    })
    const wrong = await atUrl('wrong', world.remote('upstream', 'hunter2')).catch(
      (error: Error) => error.message,
    )
    const nobody = await atUrl('nobody', 'http://ada:hunter2@127.0.0.1:1/x.git').catch(
      (error: Error) => error.message,
    )
    expect(nobody).toContain('The repository http://…@127.0.0.1:1/x.git cannot be used: ')
    await world.source.remove('upstream', 'ada')
    const removed = await world.source
      .sync('mirror', 'fairlead')
      .catch((error: Error) => error.message)
    expect(removed).toContain('cannot be used')
    const shown = JSON.stringify([
      app,
      wrong,
      nobody,
      removed,
      await world.source.list(),
      world.logged,
      await world.db.query(sql`select * from event`),
    ])
    expect(shown).not.toMatch(/hunter2|developer-token/)
    expect((await world.source.get('mirror'))?.problem).toBeTruthy()
  })
})

describe('delivery of a requested commit', () => {
  test('delivers any commit of the repository, and nothing but commits', async () => {
    const repository = await repositoryWith()
    const first = await headOf(repository)
    const head = await repository.commit({ 'a.txt': 'two' })
    await inPath('asked', repository.folder)
    expect(await world.source.deliverCommit('asked', undefined, 'ada')).toEqual({
      sha: head,
      run: 7,
    })
    expect(await world.source.deliverCommit('asked', head, 'ada')).toEqual({ sha: head, run: null })
    expect(await world.source.deliverCommit('asked', first.slice(0, 12), 'ada')).toEqual({
      sha: first,
      run: 7,
    })
    await repository.git('checkout', '--quiet', '-b', 'feature')
    const feature = await repository.commit({ 'b.txt': 'b' })
    expect(await world.source.deliverCommit('asked', feature, 'ada')).toEqual({
      sha: feature,
      run: 7,
    })
    await repository.git('checkout', '--quiet', '--detach')
    const detached = await repository.commit({ 'c.txt': 'c' })
    expect(await world.source.deliverCommit('asked', detached, 'ada')).toEqual({
      sha: detached,
      run: 7,
    })
    await expect(world.source.deliverCommit('asked', 'f'.repeat(40), 'ada')).rejects.toThrow(
      'There is no commit of asked with the id',
    )
    expect(await world.head('asked')).toBe(head)
    expect(await world.runs('asked')).toEqual([head, first, feature, detached])
  })

  test('a commit that is requested several times at once is one change', async () => {
    const repository = await repositoryWith()
    await inPath('often', repository.folder)
    await repository.git('checkout', '--quiet', '--detach')
    const detached = await repository.commit({ 'c.txt': 'c' })
    for (const commit of [undefined, detached]) {
      const asked = await Promise.all(
        [1, 2, 3, 4, 5].map(() => world.source.deliverCommit('often', commit, 'ada')),
      )
      expect(asked.filter((one) => one.run !== null)).toHaveLength(1)
    }
    expect(await world.runs('often')).toHaveLength(2)
  })

  test('a commit that is already fetched needs no access to the repository', async () => {
    const repository = await repositoryWith()
    const first = await headOf(repository)
    await repository.commit({ 'a.txt': 'two' })
    await inPath('here', repository.folder)
    await world.source.deliverCommit('here', undefined, 'ada')
    await rename(repository.folder, `${repository.folder}-away`)
    expect(await world.source.deliverCommit('here', first, 'ada')).toEqual({ sha: first, run: 7 })
    await rename(`${repository.folder}-away`, repository.folder)
  })

  test('a branch or a file cannot pose as a commit by its name or id', async () => {
    await hosted('named')
    const repository = await repositoryWith()
    const first = await headOf(repository)
    await repository.commit({ 'a.txt': 'two' })
    const short = first.slice(0, 7)
    await repository.git('push', world.remote('named'), 'HEAD:main', `HEAD:refs/heads/${short}`)
    expect(await world.source.deliverCommit('named', short, 'ada')).toEqual({ sha: first, run: 7 })
    const blob = (await repository.git('rev-parse', 'HEAD:a.txt')).trim()
    await expect(world.source.deliverCommit('named', blob, 'ada')).rejects.toThrow(
      'There is no commit of named with the id',
    )
  })
})

describe('checkout', () => {
  test('has tags and no remote, and replaces an incomplete checkout', async () => {
    await hosted('whole-checkout')
    const repository = await repositoryWith({ 'a.txt': 'one', 'run.sh': '#!/bin/sh\n' })
    await chmod(join(repository.folder, 'run.sh'), 0o755)
    await repository.commit({})
    await repository.git('tag', '-a', 'v1.2', '-m', 'v')
    const head = await repository.commit({ 'b.txt': 'two' })
    await repository.git('push', world.remote('whole-checkout'), 'HEAD:main', 'v1.2')
    const { folder, warnings, git } = await checkedOut('whole-checkout', head)
    expect(warnings).toEqual([])
    expect((await git('rev-parse', 'HEAD')).trim()).toBe(head)
    expect((await git('describe')).trim()).toBe(`v1.2-1-g${head.slice(0, 7)}`)
    expect(await git('remote')).toBe('')
    expect(await git('status', '--porcelain')).toBe('')
    expect((await stat(join(folder, 'run.sh'))).mode & 0o100).toBe(0o100)
    await rm(join(folder, 'a.txt'))
    await writeFile(join(folder, 'left-over'), 'x')
    await writeFile(join(folder, '.git/index.lock'), '')
    await world.source.checkout({
      app: 'whole-checkout',
      sha: head,
      folder,
      isTrusted: true,
      signal: never,
    })
    expect(await git('status', '--porcelain')).toBe('')
    await expect(stat(join(folder, 'left-over'))).rejects.toThrow('ENOENT')
  })

  test('git commands of a step do not change the bare repository', async () => {
    await hosted('kept')
    const repository = await repositoryWith()
    const head = await headOf(repository)
    await repository.git('push', world.remote('kept'), 'HEAD:main')
    const { git } = await checkedOut('kept', head)
    await git(
      '-c',
      'user.name=s',
      '-c',
      'user.email=s@t',
      'commit',
      '--quiet',
      '--allow-empty',
      '-m',
      'step',
    )
    await git('gc', '--quiet', '--prune=now', '--aggressive')
    await git('repack', '-a', '-d', '-q')
    await expect(git('push', 'origin', 'HEAD:main')).rejects.toThrow()
    const bare = world.source.bareOf('kept')
    expect((await execute('git', ['fsck', '--full'], { cwd: bare })).stderr).not.toContain('error')
    expect((await execute('git', ['rev-parse', 'main'], { cwd: bare })).stdout.trim()).toBe(head)
  })

  test('names pointers to Git LFS in any folder', async () => {
    await hosted('large')
    const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n'
    const repository = await repositoryWith({
      '.gitattributes': '*.bin filter=lfs diff=lfs merge=lfs -text\n',
      'a.bin': pointer,
      'real.bin': 'content',
      'doc.md': pointer,
    })
    const head = await repository.commit({
      'sub/.gitattributes': '*.dat filter=lfs\n',
      'sub/x "y".dat': pointer,
    })
    await repository.git('push', world.remote('large'), 'HEAD:main')
    const { warnings } = await checkedOut('large', head)
    expect(warnings).toEqual([
      '2 files are pointers to Git LFS, whose content Fairlead does not fetch: ' +
        '"a.bin", "sub/x \\"y\\".dat"',
    ])
  })

  test('fetches submodules over the network, and never from this machine', async () => {
    await hosted('library')
    const library = await repositoryWith({ 'lib.txt': 'lib' })
    await library.git('push', world.remote('library'), 'HEAD:main')
    for (const [app, url] of [
      ['with-module', world.remote('library')],
      ['with-path', library.folder],
      ['with-file', `file://${library.folder}`],
      ['with-relative', '../library.git'],
    ] as const) {
      await hosted(app)
      const repository = await repositoryWith()
      await repository.git(
        '-c',
        'protocol.file.allow=always',
        'submodule',
        '--quiet',
        'add',
        library.folder,
        'lib',
      )
      await repository.git('config', '-f', '.gitmodules', 'submodule.lib.url', url)
      const head = await repository.commit({})
      await repository.git('push', world.remote(app), 'HEAD:main')
      if (app === 'with-module') {
        const { folder } = await checkedOut(app, head)
        expect(await readFile(join(folder, 'lib/lib.txt'), 'utf8')).toBe('lib')
        continue
      }
      const said = await checkedOut(app, head).catch((error: Error) => error.message)
      expect(said, app).toMatch(
        /^The repository of a submodule cannot be used: .*(not allowed|does not exist) \(.*\)\.$/,
      )
      expect(said).not.toContain('developer-token')
    }
  })

  test('uses no key or password of its user for a submodule', async () => {
    const seen: unknown[] = []
    const server = createHttpServer(({ headers }, response) => {
      seen.push([headers.authorization, headers['x-key']])
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/library.git`
    const home = await mkdtemp(join(tmpdir(), 'fairlead-user-'))
    folders.push(home)
    await writeFile(join(home, '.netrc'), 'machine 127.0.0.1 login me password mine\n')
    const helper = '"!echo username=me; echo password=mine"'
    await writeFile(
      join(home, '.gitconfig'),
      `[credential]\n\thelper = ${helper}\n[http]\n\textraHeader = "x-key: mine"\n`,
    )
    const library = await repositoryWith({ 'lib.txt': 'lib' })
    await hosted('private-module')
    const repository = await repositoryWith()
    const add = ['-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add']
    await repository.git(...add, library.folder, 'lib')
    const before = process.env['HOME']
    process.env['HOME'] = home
    const checkedOutFrom = async (url: string) => {
      await repository.git('config', '-f', '.gitmodules', 'submodule.lib.url', url)
      const head = await repository.commit({})
      await repository.git('push', world.remote('private-module'), 'HEAD:main')
      return checkedOut('private-module', head)
    }
    try {
      await expect(checkedOutFrom(address)).rejects.toThrow('without credentials')
      expect(seen).not.toEqual([])
      expect(seen.flat().filter(Boolean)).toEqual([])
      for (const url of ['git@127.0.0.1:library.git', 'ssh://git@127.0.0.1/library.git'])
        expect((await checkedOutFrom(url)).warnings).toEqual([
          expect.stringContaining('the submodule "lib" is not fetched, because ssh needs a key'),
        ])
    } finally {
      process.env['HOME'] = before
      server.close()
    }
  })

  test.each([
    ['ssh://git@host/x', true],
    ['git+ssh://host/x', true],
    ['git@host:x.git', true],
    ['host:x.git', true],
    ['https://host/x', false],
    ['git://host/x', false],
    ['ext::sh -c id', false],
    ['../x:y.git', false],
    ['/srv/x.git', false],
  ])('%s needs ssh: %s', (url, expected) => {
    expect(isSsh(url)).toBe(expected)
  })

  test('runs no filter and no hook', async () => {
    const home = await mkdtemp(join(tmpdir(), 'fairlead-user-'))
    folders.push(home)
    await writeFile(
      join(home, '.gitconfig'),
      `[filter "x"]\n\tsmudge = touch ${home}/pwned; cat\n[core]\n\thooksPath = ${home}\n`,
    )
    await writeFile(join(home, 'post-checkout'), `#!/bin/sh\ntouch ${home}/pwned\n`, {
      mode: 0o755,
    })
    await hosted('filtered')
    const repository = await repositoryWith({
      '.gitattributes': '*.txt filter=x\n',
      'a.txt': 'one',
    })
    await repository.git('push', world.remote('filtered'), 'HEAD:main')
    const before = process.env['HOME']
    process.env['HOME'] = home
    try {
      await checkedOut('filtered', await headOf(repository))
    } finally {
      process.env['HOME'] = before
    }
    await expect(stat(join(home, 'pwned'))).rejects.toThrow('ENOENT')
  })

  test('reports a missing commit in one sentence', async () => {
    await hosted('without')
    await expect(checkedOut('without', 'f'.repeat(40))).rejects.toThrow(/^[^\n]+$/)
    await expect(checkedOut('without', '--force')).rejects.toThrow('There is no commit --force.')
  })
})

describe('polling', () => {
  test('finds commits, pushes and returning repositories beside a silent one', async () => {
    const silent = createServer(() => undefined)
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as AddressInfo
    const silentUrl = `http://127.0.0.1:${port}/x.git`
    await world.db.query(
      sql`insert into app (name, repository, branch)
        values ('silent', ${{ kind: 'url', url: silentUrl }}::jsonb, 'main')`,
    )
    const local = await repositoryWith()
    await inPath('polled', local.folder)
    await hosted('pushed-down')
    const pushed = await repositoryWith()
    world.outage.error = new Error('down')
    await pushed.git('push', world.remote('pushed-down'), 'HEAD:main').catch(() => undefined)
    const stop = new AbortController()
    const periods = { path: 20, url: 20, hosted: 20 }
    const log = { info: () => undefined, warn: () => undefined, error: () => undefined }
    const { db } = world
    const common = { db, log, clock: systemClock, random: () => 0.5 }
    const jobs = pollingJobs({
      ...common,
      source: world.source,
      onFound: async () => undefined,
      periods,
    })
    const ended = runJobs(jobs, { ...common, sleep: systemSleep, replica: 'test' }, stop.signal)
    world.outage.error = null
    await waitFor('the first commit', async () => (await world.runs('polled')).length === 1)
    await waitFor('the push', async () => (await world.runs('pushed-down')).length === 1)
    const head = await local.commit({ 'a.txt': 'two' })
    await waitFor('the second commit', async () => (await world.runs('polled')).at(-1) === head)
    await rename(local.folder, `${local.folder}-away`)
    await waitFor(
      'the problem',
      async () => ((await world.source.get('polled'))?.problem ?? null) !== null,
    )
    await rename(`${local.folder}-away`, local.folder)
    await waitFor(
      'the problem is over',
      async () => ((await world.source.get('polled'))?.problem ?? null) === null,
    )
    stop.abort()
    await ended
    silent.close()
    expect(await world.runs('polled')).toHaveLength(2)
  })
})
