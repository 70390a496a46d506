import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { cleanEnvironment } from './clean-environment.ts'

const execute = promisify(execFile)

export interface Repository {
  folder: string
  git(...args: string[]): Promise<string>
  /** Writes files (null removes one) and commits; answers the commit's id. */
  commit(files: Record<string, string | null>, message?: string): Promise<string>
  remove(): Promise<void>
}

export async function makeRepository(files: Record<string, string>): Promise<Repository> {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-repository-'))
  const env = {
    ...cleanEnvironment(),
    GIT_AUTHOR_NAME: 'Ada',
    GIT_AUTHOR_EMAIL: 'ada@example.com',
    GIT_COMMITTER_NAME: 'Ada',
    GIT_COMMITTER_EMAIL: 'ada@example.com',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
  }
  const git = async (...args: string[]): Promise<string> => {
    const { stdout, stderr } = await execute('git', args, {
      cwd: folder,
      env,
      maxBuffer: 64 * 1024 * 1024,
    })
    return args[0] === 'push' ? stderr : stdout
  }
  const repository: Repository = {
    folder,
    git,
    commit: async (changes, message = 'Change it') => {
      for (const [name, text] of Object.entries(changes)) {
        const path = join(folder, name)
        if (text === null) await rm(path, { force: true })
        else {
          await mkdir(dirname(path), { recursive: true })
          await writeFile(path, text)
        }
      }
      await git('add', '--all')
      await git('commit', '--quiet', '--allow-empty', '-m', message)
      return (await git('rev-parse', 'HEAD')).trim()
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  }
  await git('init', '--quiet', '--initial-branch=main')
  await repository.commit(files, 'Begin')
  return repository
}

/** The smallest web app: answers its version; `/health` too. */
export const tinyServer = (version: string): string => `
const http = require('node:http')
http
  .createServer((request, response) => response.end(${JSON.stringify(version)}))
  .listen(process.env.PORT, '127.0.0.1')
`

/** Prints what an address, or the release to verify, answers; fails when that is an error. */
export const fetchScript = `
fetch(process.argv[2] ?? process.env.FAIRLEAD_URL).then(async (answer) => {
  console.log(await answer.text())
  process.exitCode = answer.ok ? 0 : 1
})
`

export const tinyApp = (version: string, more = ''): Record<string, string> => ({
  'server.js': tinyServer(version),
  'fairlead.yaml': `
steps:
  test: node --check server.js
services:
  web:
    run: exec node server.js
    health: /health
${more}`,
})
