import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readContents } from './inputs.ts'

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'fairlead-')))
mkdirSync(join(folder, 'src/[slug]'), { recursive: true })
writeFileSync(join(folder, 'src/.env'), 'A1')
writeFileSync(join(folder, 'src/[slug]/page'), 'P1')
symlinkSync('/etc/passwd', join(folder, 'out'))
writeFileSync(join(folder, 'sparse'), '')
truncateSync(join(folder, 'sparse'), 64 * 1024 ** 3)
const where = { folder, workspace: folder }

test.each(['src', 'src/', 'src/**', '**/.env', 'src/[slug]/page'])(
  '%s notices each change of its files',
  async (pattern) => {
    const before = await readContents(where, [pattern])
    expect(before.problem).toBe(null)
    for (const file of ['src/.env', 'src/[slug]/page']) writeFileSync(join(folder, file), pattern)
    expect(await readContents(where, [pattern])).not.toEqual(before)
  },
)

test('a missing folder has no files', async () => {
  const missing = { folder: join(folder, 'missing'), workspace: folder }
  expect(await readContents(missing, [])).toEqual({ problem: null, lines: [] })
  expect(await readContents(missing, ['a'])).toEqual({
    problem: 'the pattern "a" matches no file',
  })
})

test.each([
  ['scr/**', 'the pattern "scr/**" matches no file'],
  ['out', '"out" leads out of the workspace'],
  ['sparse', '"sparse" exceeds the limit of 4 GB'],
])('the content of %s is unknown', async (pattern, problem) =>
  expect(await readContents(where, [pattern])).toEqual({ problem }),
)
