import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { familyOf, isRunning, isStopped, programOf, signalAll, startTimeOf } from '../processes.ts'
import type { FaultTarget } from './target.ts'

/** A process that a reused pid is not mistaken for. */
export const faultProcess = z.object({ pid: z.number().int().min(2), startTime: z.string() })
export type FaultProcess = z.infer<typeof faultProcess>

/** All processes of the chosen instances that run now. Throws when /proc cannot be read. */
export function processesOf({ instances }: Pick<FaultTarget, 'instances'>): FaultProcess[] {
  readFileSync('/proc/self/stat')
  const pids = new Set(instances.flatMap((origin) => familyOf(origin)))
  return [...pids].flatMap((pid) => {
    const startTime = startTimeOf(pid)
    return startTime === null ? [] : [{ pid, startTime }]
  })
}

export const isAmong = (processes: readonly FaultProcess[], one: FaultProcess): boolean =>
  processes.some(({ pid, startTime }) => pid === one.pid && startTime === one.startTime)

/** Throws when one of the chosen instances does not run. */
export function needRunning({ service, instances }: FaultTarget): void {
  const ended = instances.find(({ pid, startTime }) => startTimeOf(pid) !== startTime)
  if (ended) throw new Error(`instance ${ended.index} of ${service} does not run`)
}

/** Kills the chosen instances with all their processes. */
export function killAll({ instances }: FaultTarget): void {
  for (const origin of instances) signalAll(familyOf(origin), 'SIGKILL')
}

/** Milliseconds in which an instance must end after SIGTERM. */
const endMs = 30_000

/** Asks the chosen instances to end, and waits for it. Throws when one does not. */
export async function askToEnd({ service, instances }: FaultTarget): Promise<void> {
  // The isolating parent process ends by itself.
  const asked = instances.flatMap((origin) => familyOf(origin))
  signalAll(
    asked.filter((pid) => programOf(pid) !== 'bwrap'),
    'SIGTERM',
  )
  const findLeft = () => instances.find(({ pid, startTime }) => isRunning(pid, startTime))
  for (const end = performance.now() + endMs; findLeft() && performance.now() < end;)
    await sleep(10)
  const left = findLeft()
  if (left) throw new Error(`instance ${left.index} of ${service} does not end after SIGTERM`)
}

/** Processes of the chosen instances that a signal has stopped. */
export const stoppedOf = (target: Pick<FaultTarget, 'instances'>): FaultProcess[] =>
  processesOf(target).filter(({ pid }) => isStopped(pid))

/** Signals processes until none is left that needs it, because they may start others. */
export async function signalUntil(
  signal: NodeJS.Signals,
  findLeft: () => FaultProcess[],
): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    const left = findLeft()
    if (left.length === 0) return
    signalAll(
      left.flatMap(({ pid, startTime }) => (startTimeOf(pid) === startTime ? [pid] : [])),
      signal,
    )
    await sleep(5)
  }
  throw new Error(`processes do not obey ${signal}`)
}
