import { spawn } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Logger } from '#platform/log.ts'
import { packageRoot } from '#platform/self.ts'

/**
 * Builds the console in a repository, when it has no build or its sources are newer; an installed
 * package contains it. `say` gets one line before a build. Resolves when the console can be opened.
 */
export async function buildConsoleIfNeeded(
  log: Logger,
  say: (line: string) => void,
): Promise<void> {
  const tool = join(packageRoot, 'tools/build-console.ts')
  if (!existsSync(tool) || isCurrent()) return
  say('Building the console; this takes some seconds, once …')
  const child = spawn(process.execPath, [tool], {
    env: process.env,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let output = ''
  child.stderr.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-2000)))
  const code = await new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null))
    child.once('close', resolve)
  })
  if (code !== 0)
    log.warn('the console could not be built; the API and the command line work without it', {
      code,
      output: output.trim(),
    })
}

function isCurrent(): boolean {
  const built = statSync(join(packageRoot, 'dist/console/index.html'), { throwIfNoEntry: false })
  if (!built) return false
  return ['src/web', 'src/contract'].every((folder) => {
    const files = readdirSync(join(packageRoot, folder), { recursive: true }) as string[]
    return files.every((file) => statSync(join(packageRoot, folder, file)).mtimeMs <= built.mtimeMs)
  })
}
