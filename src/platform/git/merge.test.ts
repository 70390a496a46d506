import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commitFile } from './commit-file.ts'
import { mergeFile } from './merge.ts'

const path = 'config/redis.conf.liquid'
const ours = 'port {{ PORT }}\n\n\nsave 3600 1\n\n\nrequirepass {{ PASSWORD }}\n'
const base = 'port 6379\n\n\nsave 3600 1\n\n\nrequirepass hush\n'

test('a change of a line without an expression becomes a patch of the template', async () => {
  const theirs = base.replace('save 3600 1', 'save 60 1')
  const merged = await mergeFile({ path, ours, base, theirs })
  expect(merged?.text).toBe(ours.replace('save 3600 1', 'save 60 1'))
  expect(merged?.patch).toContain(`--- a/${path}`)
  expect(merged?.patch).toContain('-save 3600 1\n+save 60 1')
  expect(merged?.patch).not.toContain('hush')
})

test('a change of a line with an expression has no patch', async () => {
  const theirs = base.replace('6379', '6380')
  expect(await mergeFile({ path, ours, base, theirs })).toBeNull()
})

test('no change is an empty patch', async () => {
  expect(await mergeFile({ path, ours, base, theirs: base })).toMatchObject({ patch: '' })
})

test('a commit on a new branch changes one file, and never an existing branch', async () => {
  const bare = mkdtempSync(join(tmpdir(), 'fairlead-bare-'))
  const run = (...args: string[]): string =>
    execFileSync('git', args, { cwd: bare, encoding: 'utf8' }).trim()
  run('init', '--bare', '--quiet')
  const identity = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com']
  const empty = run('hash-object', '-t', 'tree', '-w', '/dev/null')
  const parent = run(...identity, 'commit-tree', empty, '-m', 'Begin')
  const commit = {
    ...{ branch: 'drift-1', parent, path: 'a/b.sh', text: 'one\n', message: 'Take it over' },
    ...{ author: { name: 'Ada', email: 'ada@example.com' }, time: 1_000_000_000_000 },
  }
  const first = await commitFile(bare, commit)
  expect(run('show', '--format=%an %at %P', '--name-only', 'drift-1')).toBe(
    `Ada 1000000000 ${parent}\n\na/b.sh`,
  )
  expect(await commitFile(bare, { ...commit, text: 'two\n' })).toBeNull()
  expect(run('show', 'drift-1:a/b.sh')).toBe('one')
  const next = { ...commit, branch: 'drift-2', parent: first ?? '', text: 'two\n' }
  await commitFile(bare, next)
  expect(run('show', 'drift-2:a/b.sh')).toBe('two')
  rmSync(bare, { recursive: true })
})
