import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { inspect } from '#platform/process/inspector-client.ts'
import { longTest } from '../../test/support/scale.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-inspect-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** Commits files, and returns a request to inspect them. */
async function commit(files: Record<string, string>) {
  const git = (...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], {
      cwd: folder,
      encoding: 'utf8',
    })
  git('init', '-q')
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  git('add', '.')
  git('commit', '-qm', 'first')
  const sha = git('rev-parse', 'HEAD').trim()
  return { repository: folder, sha, base: null, change: null, cache: join(folder, 'code') }
}

/** Tree-sitter tries each of these as a template and as a comparison. */
const slow = 'a<\n'.repeat(300_000)

longTest('a file that takes too long is skipped, and stays listed as unmeasured', async () => {
  const request = await commit({
    'a.cpp': slow,
    'b.js': 'function b() {\n  return 1\n}\n',
  })
  const limits = { memory: 1024, seconds: 60, silence: 3 }
  const signal = new AbortController().signal
  for (const attempt of ['measured', 'remembered']) {
    const { report, problem } = await inspect(request, signal, limits)
    expect(problem, attempt).toBe(null)
    expect(report?.functions.map(({ name }) => name)).toEqual(['b'])
    expect(report?.unmeasured).toEqual([
      { file: 'a.cpp', reason: 'took longer than 3 seconds', isTouched: true },
    ])
  }
})

test('an analysis without time states the reason, and the file that it had reached', async () => {
  const request = await commit({ 'a.cpp': slow })
  const limits = { memory: 1024, seconds: 0.5, silence: 60 }
  expect(await inspect(request, new AbortController().signal, limits)).toEqual({
    report: null,
    problem: expect.stringMatching(/^the analysis took longer than 0.5 seconds(, at a.cpp)?$/),
  })
})
