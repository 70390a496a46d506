import type { Host } from './host.ts'

export interface HostProblem {
  /** whether services are in danger; otherwise it is a note */
  isBad: boolean
  /** one sentence without its full stop */
  text: string
}

/** Free bytes of a disk: below the first it is a note, below the second services are in danger. */
export const scarceDisk = { note: 2e9, bad: 500e6 }
/** Seconds from which on a clock is wrong; a difference below it may be that of the connection. */
const wrongClock = 1

type Status = NonNullable<Host['status']>

/** What is wrong with a host, and what to do about it; empty when nothing is. */
export function hostProblems(host: Host): HostProblem[] {
  const { state, reason, status } = host
  if (state === 'connecting' || state === 'installing')
    return [{ isBad: false, text: reason ?? `it is ${state}` }]
  if (status === null) return [{ isBad: true, text: reason ?? 'the host does not answer' }]
  const problems: HostProblem[] = []
  if (host.drained !== null)
    problems.push({
      isBad: false,
      text: `it is drained and gets no release; end it with: fairlead hosts undrain ${host.name}`,
    })
  for (const { app, environment, release, reason } of host.behind)
    problems.push({
      isBad: true,
      text:
        `it does not serve release ${release} of ${app}, which is live in ${environment}; ` +
        `Fairlead tries again each minute${reason === null ? '' : `: ${reason}`}`,
    })
  const { disk, clock } = status
  if (disk !== null && disk.free < scarceDisk.note)
    problems.push({
      isBad: disk.free < scarceDisk.bad,
      text: `its disk is almost full: ${diskWords(disk)}`,
    })
  if (Math.abs(clock) >= wrongClock)
    problems.push({ isBad: false, text: `its ${clockWords(clock)}` })
  if (host.isOutdated) problems.push({ isBad: false, text: outdatedText(host) })
  return problems
}

const outdatedText = ({ name, destination }: Host): string =>
  'it runs another version than the server: ' +
  (destination === null ? 'fairlead host --upgrade' : `fairlead hosts upgrade ${name}`)

export const diskWords = (disk: Status['disk']): string =>
  disk === null ? 'disk unknown' : `${gigabytes(disk.free)} of ${gigabytes(disk.total)} GB free`

export function clockWords(clock: number): string {
  if (Math.abs(clock) < wrongClock) return 'clock right'
  return `clock is ${Math.abs(clock)} s ${clock > 0 ? 'ahead of' : 'behind'} that of the server`
}

const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(1)
