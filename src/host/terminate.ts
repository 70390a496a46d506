import type { HostService } from '#contract/host/host.ts'
import { familyOf, isRunning, type Origin, programOf, signalAll } from './processes.ts'

/**
 * The signal to all that a start began, the grace for them to end, then SIGKILL until none is left.
 */
export async function terminate(origin: Origin, stop: HostService['stop']): Promise<void> {
  const first = familyOf(origin)
  if (first.length === 0) return
  // A shell may end at once and leave its child to finish: the grace is for the whole family.
  let isAsked = ask(first, stop)
  const until = performance.now() + stop.grace
  for (let pause = 4; performance.now() < until; pause = Math.min(200, pause * 1.5)) {
    await sleep(Math.min(pause, until - performance.now()))
    // To look for the whole family is dear; as long as its first one runs there is no need to.
    if (!isRunning(origin.pid, origin.startTime) && familyOf(origin).length === 0) return
    // It was stopped before it had begun.
    if (!isAsked) isAsked = ask(familyOf(origin), stop)
  }
  await killFamily(origin)
}

/** What confines a service ends after it, and tells how it ended. */
function ask(family: number[], stop: HostService['stop']): boolean {
  const services = family.filter((pid) => programOf(pid) !== 'bwrap')
  signalAll(services, stop.signal as NodeJS.Signals)
  return services.length > 0
}

/** Kills all that a start began, again and again, because a process may be starting others. */
export async function killFamily(origin: Origin): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const left = familyOf(origin)
    if (left.length === 0) return
    // All stand still before one dies, so that none has time to tell of the end of another or to
    // begin a third.
    signalAll(left, 'SIGSTOP')
    signalAll(left, 'SIGKILL')
    await sleep(tries < 10 ? 5 : 50)
  }
}

const sleep = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms))
