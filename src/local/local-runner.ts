import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Runner } from '#platform/process/command.ts'
import { createLogger } from '#platform/log.ts'
import { startRunner } from '#platform/process/runner-client.ts'

const leaseMs = 5000

/** A runner and a log folder for one local run; `close` removes both. */
export async function startLocalRunner(): Promise<{
  runner: Runner
  logs: string
  close(): Promise<void>
}> {
  const logs = await mkdtemp(join(tmpdir(), 'fairlead-run-'))
  const runner = await startRunner({ log: createLogger(() => undefined), leaseMs })
  const renewal = setInterval(() => runner.lease(leaseMs), leaseMs / 5)
  return {
    runner,
    logs,
    close: async () => {
      clearInterval(renewal)
      await runner.close()
      await rm(logs, { recursive: true, force: true })
    },
  }
}
