import type { Machine, MachineChange, MachineRun, MachineTask } from '#contract/machine/machine.ts'
import { isDone } from './rules.ts'

/** Milliseconds after an application in which a check shows what it left. */
const rightAfter = 10 * 60_000

type Known = Pick<Machine, 'name' | 'state' | 'release' | 'applied' | 'repeating'>
type Check = Pick<MachineRun, 'release' | 'machines' | 'changes' | 'started'>

/**
 * The tasks that report a change at every run, of the machines for which a check is the first one
 * since their application: what differs then, nobody has changed. Without such a check in time,
 * none is known. Pure.
 */
export function learnRepeating(
  known: readonly Known[],
  { release, machines, changes, started }: Check,
): { name: string; repeating: MachineTask[] }[] {
  const done = new Set(machines.filter(isDone).map(({ name }) => name))
  return known
    .filter((one) => one.repeating === null && one.release === release && done.has(one.name))
    .map(({ name, state, applied }) => {
      const isFirst = Date.parse(started) - Date.parse(applied) <= rightAfter
      const found = isFirst && (state === 'ok' || state === 'changed') ? tasksOf(name, changes) : []
      return { name, repeating: found }
    })
}

const tasksOf = (name: string, changes: readonly MachineChange[]): MachineTask[] =>
  changes.filter(({ machine }) => machine === name).map(({ task, at }) => ({ task, at }))
