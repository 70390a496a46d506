import type { HostService } from '#contract/host/service.ts'
import { familyOf, isRunning, type Origin, programOf, signalAll } from './processes.ts'

/**
 * Signals all processes of a start, waits for the grace period, then sends SIGKILL until none is
 * left.
 */
export async function terminate(origin: Origin, stop: HostService['stop']): Promise<void> {
  const first = familyOf(origin)
  if (first.length === 0) return
  // A shell may exit immediately while its child finishes, so the grace applies to the whole
  // family.
  let isAsked = ask(first, stop)
  const until = performance.now() + stop.grace
  for (let pause = 4; performance.now() < until; pause = Math.min(200, pause * 1.5)) {
    await sleep(Math.min(pause, until - performance.now()))
    // Searching the whole family is expensive and unnecessary while the first process runs.
    if (!isRunning(origin.pid, origin.startTime) && familyOf(origin).length === 0) return
    // It was stopped before it started.
    if (!isAsked) isAsked = ask(familyOf(origin), stop)
  }
  await killFamily(origin)
}

/** The isolating parent process reports how the service ended, so it is signalled last. */
function ask(family: number[], stop: HostService['stop']): boolean {
  const services = family.filter((pid) => programOf(pid) !== 'bwrap')
  signalAll(services, stop.signal as NodeJS.Signals)
  return services.length > 0
}

/** Kills all processes of a start repeatedly, because they may start others. */
export async function killFamily(origin: Origin): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const left = familyOf(origin)
    if (left.length === 0) return
    // All of them are stopped first, so that none can react to the end of another or start a third.
    signalAll(left, 'SIGSTOP')
    signalAll(left, 'SIGKILL')
    await sleep(tries < 10 ? 5 : 50)
  }
}

const sleep = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms))
