import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import type { TestOptions } from 'vitest'
import { pathOf, requires, skipWhen } from './programs.ts'

export interface Docker {
  /** The options of a test that needs Docker. */
  required: TestOptions
  /** Stops the daemon, if it was started here. */
  stop(): Promise<void>
}

const isRunning = (): boolean => spawnSync('docker', ['info'], { stdio: 'ignore' }).status === 0

/** Uses the Docker daemon that runs, or starts one: as root, where it is installed. */
export async function startDocker(): Promise<Docker> {
  const missing = requires('docker')
  const stop = async (): Promise<void> => undefined
  if (missing.skip) return { required: missing, stop }
  if (isRunning()) return { required: {}, stop }
  const daemon = spawn(pathOf('dockerd')!, [], { stdio: 'ignore' })
  const ended = once(daemon, 'exit').catch(() => undefined)
  for (let tries = 0; tries < 100 && daemon.exitCode === null; tries += 1) {
    if (isRunning())
      return {
        required: {},
        stop: async () => {
          daemon.kill('SIGTERM')
          await ended
        },
      }
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  daemon.kill('SIGKILL')
  return { required: skipWhen(true, 'the Docker daemon does not start: run it as root'), stop }
}
