import { execFile } from 'node:child_process'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { inspect } from '#platform/process/inspector-client.ts'

const execute = promisify(execFile)
/** Code of other people that most machines have, and our own. */
const sources = [
  '/usr/lib/python3',
  '/usr/lib/python3.11',
  '/usr/lib/python3.12',
  '/usr/lib/python3.13',
  'src',
  'test',
]

/**
 * Measures the code of a large repository: the first time, with nothing new, and with one changed
 * file.
 */
export async function run(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-code-'))
  const git = async (...args: string[]): Promise<string> =>
    (
      await execute('git', ['-c', 'user.name=b', '-c', 'user.email=b@example.com', ...args], {
        cwd: folder,
        maxBuffer: 1e9,
      })
    ).stdout.trim()
  try {
    await git('init', '--quiet')
    for (const [index, source] of sources.entries())
      if (existsSync(source))
        await cp(source, join(folder, `part${index}`), { recursive: true, verbatimSymlinks: true })
    const commit = async (): Promise<string> => {
      await git('add', '--all')
      await git('commit', '--quiet', '--message=it')
      return git('rev-parse', 'HEAD')
    }
    const first = await commit()
    const ask = async (sha: string, base: string | null) => {
      const begun = performance.now()
      const asked = {
        repository: join(folder, '.git'),
        sha,
        base,
        change: null,
        cache: join(folder, '.git', 'code'),
      }
      const { report } = await inspect(asked, new AbortController().signal)
      return { seconds: ((performance.now() - begun) / 1000).toFixed(1), report }
    }
    const cold = await ask(first, null)
    const warm = await ask(first, null)
    await writeFile(
      join(folder, 'one.ts'),
      'export const one = (a: number): number => (a > 1 ? a : 1)\n',
    )
    const changed = await ask(await commit(), first)
    const { lines, files, functions, duplicated } = cold.report?.summary ?? {
      lines: 0,
      files: 0,
      functions: 0,
      duplicated: 0,
    }
    console.log(
      `${lines} lines in ${files} files, ${functions} functions, ${duplicated} lines duplicated`,
    )
    console.log(
      `first time ${cold.seconds} s; nothing new ${warm.seconds} s; one new file, compared with the commit before ${changed.seconds} s`,
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
