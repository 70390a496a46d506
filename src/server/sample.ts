import { cp, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Home } from '#platform/home.ts'
import { git } from '#platform/git/git.ts'
import { packageRoot } from '#platform/self.ts'

const author = {
  GIT_AUTHOR_NAME: 'Fairlead',
  GIT_AUTHOR_EMAIL: 'sample@fairlead.dev',
  GIT_COMMITTER_NAME: 'Fairlead',
  GIT_COMMITTER_EMAIL: 'sample@fairlead.dev',
}

/**
 * Copies the bundled sample into the installation as a git repository, and returns its folder. Safe
 * to repeat.
 */
export async function makeSample(home: Home): Promise<string> {
  const folder = join(home.root, 'sample', 'prepaid')
  const isComplete = await git(folder, ['rev-parse', '--verify', 'HEAD']).then(
    () => true,
    () => false,
  )
  if (isComplete) return folder
  await rm(folder, { recursive: true, force: true })
  await mkdir(join(home.root, 'sample'), { recursive: true, mode: 0o700 })
  await cp(join(packageRoot, 'examples/prepaid'), folder, {
    recursive: true,
    filter: (path) => !path.includes('node_modules'),
  })
  await git(folder, ['init', '--quiet', '--initial-branch=main'])
  await git(folder, ['add', '--all'])
  await git(folder, ['commit', '--quiet', '--message', 'Begin the prepaid sample'], { env: author })
  return folder
}
