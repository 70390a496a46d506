import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Logger } from '#platform/log.ts'
import { packageRoot } from '#platform/self.ts'

/** Builds the console on the first start in a repository; an installed package contains it. */
export async function buildConsoleOnce(log: Logger): Promise<void> {
  const tool = join(packageRoot, 'tools/build-console.ts')
  if (existsSync(join(packageRoot, 'dist/console/index.html')) || !existsSync(tool)) return
  const child = spawn(process.execPath, [tool], {
    env: process.env,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  child.once('exit', (code) =>
    code === 0
      ? log.info('the console is built')
      : log.warn('the console could not be built', { code }),
  )
}
