import { type ChildProcess, spawn } from 'node:child_process'
import { startTimeOf } from '../processes.ts'
import type { StageInstance } from './plan.ts'

/** Milliseconds between two looks at an instance. */
const pauseMs = 50

/** A service that was started in the sandbox. */
export interface SecondInstance {
  /** how it ended by itself, as the end of a sentence; null while it runs */
  ended(): string | null
  output(): string[]
  origin(): { pid: number; startTime: string | null; marker: null }
  kill(): void
}

export function startInstance(plan: StageInstance): SecondInstance {
  const [program, ...args] = plan.command
  let ended: string | null = null
  let text = ''
  const child: ChildProcess = spawn(program, args, {
    ...{ cwd: plan.cwd, env: plan.env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
  })
  const keep = (chunk: Buffer): void => {
    text = (text + chunk.toString('utf8')).slice(-64_000)
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  child.once('error', (error) => (ended = `cannot start: ${error.message}`))
  child.once('exit', (code, signal) => {
    ended ??= signal === null ? `exited with ${code}` : `was killed by ${signal}`
  })
  const pid = child.pid ?? 0
  const startTime = startTimeOf(pid)
  return {
    ended: () => ended,
    output: () => text.split('\n').map((line) => line.slice(0, 1000)),
    origin: () => ({ pid, startTime, marker: null }),
    kill: () => {
      try {
        process.kill(-pid, 'SIGKILL')
      } catch {
        // It has ended.
      }
    },
  }
}

/** How an instance ends within a time; null when it runs on. MySQL listens before it starts. */
export async function endWithin(instance: SecondInstance, ms: number): Promise<string | null> {
  const until = performance.now() + ms
  while (instance.ended() === null && performance.now() < until)
    await new Promise((wake) => setTimeout(wake, pauseMs))
  return instance.ended()
}
