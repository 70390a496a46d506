import type { CommandEnd } from '#contract/job/host.ts'
import type { MachineResult, MachineRunState } from '#contract/machine/machine.ts'
import type { MachinesFile } from '#contract/pipeline-file/machine-file.ts'
import type { Progress } from './output.ts'
import { verifyExit } from './script.ts'

/** How a batch, or a plan, ended. */
export interface BatchEnd {
  state: Exclude<MachineRunState, 'running'>
  reason: string | null
  machines: MachineResult[]
}

/** The machines that are done as declared. */
export const isDone = ({ state }: MachineResult): boolean => state === 'ok' || state === 'changed'

/** Judges a batch by how `ansible-playbook` ended and by what it reported. Pure. */
export function judgeBatch(
  end: CommandEnd,
  progress: Progress,
  { unreachable, timeout }: Pick<MachinesFile, 'unreachable' | 'timeout'>,
): BatchEnd {
  const machines = [...progress.machines.values()].map((one) =>
    one.state === 'running' ? { ...one, state: 'unknown' as const } : one,
  )
  const fail = (reason: string): BatchEnd => ({ state: 'failed', reason, machines })
  if (end.kind === 'stopped') return { state: 'stopped', reason: 'it was stopped', machines }
  if (end.kind === 'lost') return { state: 'lost', reason: end.reason, machines }
  if (end.kind === 'timed_out') return fail(`it did not end within ${timeout / 1000} s`)
  if (end.kind === 'not_started') return fail(end.reason ?? 'it cannot start')
  const bad = machines.filter(
    ({ state }) => state === 'failed' || (state === 'unreachable' && unreachable === 'fail'),
  )
  if (bad.length > 0) return fail(bad.map(({ name, reason }) => `${name}: ${reason}`).join('; '))
  if (end.exit === verifyExit && progress.isComplete)
    return fail(`\`verify\` failed${lastWords(progress)}`)
  const isAllAway = machines.length > 0 && machines.every(({ state }) => state === 'unreachable')
  if (isAllAway) return fail('no machine answers')
  const isGood = end.exit === 0 || (end.exit === 4 && progress.isComplete)
  if (isGood && progress.isComplete) return { state: 'passed', reason: null, machines }
  return fail(`ansible-playbook ${wayOf(end)}${lastWords(progress)}`)
}

/** The error that Ansible printed, in one line. */
function lastWords({ words }: Progress): string {
  const errors = words.filter((line) => !/^\s*\[(WARNING|DEPRECATION WARNING)\]/.test(line))
  const from = errors.findIndex((line) => line.startsWith('ERROR!'))
  const shown = from === -1 ? errors.slice(-2) : errors.slice(from, from + 3)
  const text = shown.map((line) => line.trim()).join(' ')
  return text === '' ? '' : `: ${text.slice(0, 600).replace(/\.$/, '')}`
}

/** Why the machines of a release are not as declared: one sentence with what is done. Pure. */
export function haltedBecause(reason: string | null, machines: readonly MachineResult[]): string {
  const done = machines.filter(isDone).map(({ name }) => name)
  const left = machines.filter(({ state }) => state === 'waiting').map(({ name }) => name)
  return [
    `the machines are not as declared: ${reason ?? 'no reason is known'}`,
    done.length === 0 ? 'no machine is done' : `done: ${shorten(done)}`,
    ...(left.length === 0 ? [] : [`not begun: ${shorten(left)}`]),
  ].join('; ')
}

const shorten = (names: string[]): string =>
  names.length <= 20
    ? names.join(', ')
    : `${names.slice(0, 20).join(', ')} and ${names.length - 20} more`

/** The results of `all` machines, then of others; a machine without a result is waiting. Pure. */
export function mergeMachines(
  all: readonly string[],
  known: readonly MachineResult[],
): MachineResult[] {
  const byName = new Map(known.map((one) => [one.name, one]))
  const waiting = (name: string): MachineResult => ({
    ...{ name, state: 'waiting', changed: 0, failed: 0, tasks: 0, reason: null, output: null },
    skipped: [],
  })
  const names = [...new Set([...all, ...byName.keys()])]
  return names.map((name) => byName.get(name) ?? waiting(name))
}

const wayOf = ({ reason }: CommandEnd): string =>
  reason === null ? 'came to no end' : reason.replace(/^it /, '')
