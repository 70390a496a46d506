import type { HostService } from '#contract/host.ts'
import { familyOf, isRunning, type Origin, signalAll } from './processes.ts'

/** The signal to all that a start began, the grace for them to end, then SIGKILL until none is left. */
export async function terminate(origin: Origin, stop: HostService['stop']): Promise<void> {
  const first = familyOf(origin)
  if (first.length === 0) return
  // A shell may end at once and leave its child to finish: the grace is for the whole family.
  signalAll(first, stop.signal as NodeJS.Signals)
  const until = performance.now() + stop.grace
  for (let pause = 4; performance.now() < until; pause = Math.min(200, pause * 1.5)) {
    await sleep(Math.min(pause, until - performance.now()))
    // To look for the whole family is dear; as long as its first one runs there is no need to.
    if (!isRunning(origin.pid, origin.startTime) && familyOf(origin).length === 0) return
  }
  await killFamily(origin)
}

/** Kills all that a start began, again and again, because a process may be starting others. */
export async function killFamily(origin: Origin): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const left = familyOf(origin)
    if (left.length === 0) return
    signalAll(left, 'SIGKILL')
    await sleep(tries < 10 ? 5 : 50)
  }
}

const sleep = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms))
