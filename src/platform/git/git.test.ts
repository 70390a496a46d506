import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { git, GitError, withoutCredentials } from './git.ts'

const folder = mkdtempSync(join(tmpdir(), 'fairlead-git-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test.each([
  [
    "fatal: '/x' does not appear to be a git repository\nfatal: Could not read from remote repository.\n\nPlease make sure you have the correct access rights\nand the repository exists.",
    "'/x' does not appear to be a git repository",
  ],
  [
    'git@h: Permission denied (publickey).\r\nfatal: Could not read from remote repository.\n\nPlease make sure you have the correct access rights\nand the repository exists.',
    'git@h: Permission denied (publickey).',
  ],
  [
    "warning: x\nfatal: unable to access 'https://u:p@ss/@h/x.git/': Could not resolve host: h",
    "unable to access 'https://…@ss/@h/x.git/': Could not resolve host: h",
  ],
  ['', 'git failed'],
])('reports the cause in %j', (stderr, sentence) => {
  expect(new GitError(stderr).message).toBe(sentence)
})

test.each([
  'https://user:pass@host/x',
  'https://token@host/x',
  'https://a:b@c@host/x',
  'see https://u:p@h/x and ssh://v:q@i/y',
])('removes the credentials of %s', (text) => {
  const shown = withoutCredentials(text)
  for (const secret of ['pass', 'token', 'b@c', 'u:p', 'v:q']) expect(shown).not.toContain(secret)
  expect(shown).toContain('//…@')
})

test('ignores the configuration of the user', async () => {
  writeFileSync(join(folder, '.gitconfig'), '[user]\n\tname = Somebody\n')
  const home = process.env['HOME']
  process.env['HOME'] = folder
  try {
    await expect(git(folder, ['config', 'user.name'])).rejects.toThrow(GitError)
    expect((await git(folder, ['config', 'user.name'], { network: true })).stdout.trim()).toBe(
      'Somebody',
    )
    await expect(git(folder, ['config', 'user.name'], { network: 'anonymous' })).rejects.toThrow(
      GitError,
    )
  } finally {
    process.env['HOME'] = home
  }
})

test('reports a missing git, a missing folder and a timeout in one sentence each', async () => {
  const path = process.env['PATH']
  process.env['PATH'] = folder
  const without = git(folder, ['status'])
  process.env['PATH'] = path
  await expect(without).rejects.toMatchObject({
    code: 'missing',
    message: 'git is not installed, or not on the PATH',
  })
  await expect(git(join(folder, 'none'), ['status'])).rejects.toThrow(
    `the folder ${join(folder, 'none')} does not exist`,
  )
  await expect(
    git(folder, ['-c', 'alias.hang=!sleep 1;:', 'hang', 'https://u:secret@h/x'], { timeoutMs: 50 }),
  ).rejects.toThrow('it did not respond within 0.05 s')
})
