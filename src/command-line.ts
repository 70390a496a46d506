import { runCli } from '#cli/cli.ts'
import { createLocal } from './local/local.ts'

/** Runs one command of the CLI on this machine; resolves with the exit code. */
export async function main(args: string[]): Promise<number> {
  const interrupted = new AbortController()
  process.once('SIGINT', () => interrupted.abort())
  // The reader closed the pipe early (`| head`); that is not an error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) =>
    process.exit(error.code === 'EPIPE' ? 0 : 1),
  )
  return runCli(args, {
    local: createLocal(process.env),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    now: Date.now,
    signal: interrupted.signal,
  })
}
