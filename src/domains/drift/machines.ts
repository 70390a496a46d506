import type { DriftMachine, FoundDifference } from '#contract/drift/drift.ts'
import type { MachineChange, MachineRun, MachineTask } from '#contract/machine/machine.ts'
import type { FoundDrift } from './rules.ts'

type Check = Pick<MachineRun, 'release' | 'machines' | 'changes' | 'total'>
/** The tasks of each machine that report a change at every run. */
export type Repeating = ReadonlyMap<string, readonly MachineTask[]>

const isCompared = ({ state }: MachineRun['machines'][number]): boolean =>
  state === 'ok' || state === 'changed'

/**
 * What a run of the playbook in check mode shows. A machine that did not answer, or whose tasks
 * ended before all ran, keeps the differences that are known of it. Pure.
 */
export function driftOfMachines(
  { release, machines, changes, total }: Check,
  repeating: Repeating,
): FoundDrift {
  const partly = new Set(machines.filter((one) => !isCompared(one)).map(({ name }) => name))
  const isWhole = changes.length === total
  return {
    ...{ release, differences: merge(changesOf({ changes }, repeating)) },
    compared: ({ kind, machine }) => kind === 'task' && isWhole && !partly.has(machine ?? ''),
  }
}

const changesOf = (
  { changes }: Pick<Check, 'changes'>,
  repeating: Repeating,
): readonly MachineChange[] =>
  changes.filter(
    ({ machine, task, at }) =>
      !repeating.get(machine)?.some((one) => one.task === task && one.at === at),
  )

/** A task that ran several times on a machine is one difference. */
function merge(changes: readonly MachineChange[]): FoundDifference[] {
  const found = new Map<string, FoundDifference>()
  for (const { machine, task, at, object, diff } of changes) {
    const key = [machine, task, at].join('\0')
    const before = found.get(key)
    found.set(key, {
      ...{ service: null, kind: 'task', name: task, declared: null, disk: null, running: null },
      ...{ isSecret: false, atRestart: null, remedy: 'apply', changed: null, machine, place: at },
      object: joined(before?.object, object, ', '),
      diff: joined(before?.diff, diff, '\n'),
    })
  }
  return [...found.values()]
}

const joined = (a: string | null | undefined, b: string | null, by: string): string | null =>
  a === null || a === undefined || a === b ? b : b === null ? a : a + by + b

/** What the last check shows of each machine, by name. Pure. */
export function driftMachinesOf(
  { machines, changes }: Pick<Check, 'machines' | 'changes'>,
  repeating: Repeating,
): DriftMachine[] {
  const differing = new Set(changesOf({ changes }, repeating).map(({ machine }) => machine))
  const byName = [...machines].sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
  return byName.map((one) => {
    const { name, changed, reason, skipped } = one
    const tasks = [...new Set((repeating.get(name) ?? []).map(({ task }) => task))]
    // A run keeps only the first changes of all machines.
    const kept = changes.filter(({ machine }) => machine === name).length
    const isDifferent = differing.has(name) || changed > kept
    return isCompared(one)
      ? { name, state: isDifferent ? 'different' : 'same', reason: null, repeating: tasks, skipped }
      : {
          ...{ name, state: 'unknown', repeating: tasks, skipped },
          reason: reason ?? 'it ended in part',
        }
  })
}

/** When the machines of an environment were last applied and checked, in ms since 1970. */
export interface MachineTimes {
  /** when the last application ended; null when none is known */
  applied: number | null
  /** when the last check began and ended */
  began: number | null
  checked: number | null
  /** whether a playbook runs now */
  isBusy: boolean
}

/**
 * Whether machines are to be compared now: at once after an application, which shows what the
 * playbook changes at every run, and then once in a period. Pure.
 */
export function isCheckDue(
  { applied, began, checked, isBusy }: MachineTimes,
  now: number,
  period: number,
): boolean {
  if (isBusy) return false
  if (began === null || (applied !== null && applied > began)) return true
  return now >= (checked ?? began) + period
}
