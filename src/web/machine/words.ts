import type { MachineResult, MachineRun } from '#contract/machine/machine.ts'
import { counted } from '#contract/text.ts'
import { asSentence, type Badge } from '../ui/state.ts'

export const machineRunBadges: Record<MachineRun['state'], Badge> = {
  running: { tone: 'move', word: 'Running' },
  passed: { tone: 'good', word: 'Passed' },
  failed: { tone: 'bad', word: 'Failed' },
  stopped: { tone: 'stopped', word: 'Stopped' },
  lost: { tone: 'unknown', word: 'Lost' },
}

export const titleOfRun: Record<MachineRun['mode'], string> = {
  ...{ plan: 'Plan', apply: 'Application', check: 'Check' },
}

const badges: Record<MachineResult['state'], Badge> = {
  waiting: { tone: 'wait', word: 'Waiting' },
  running: { tone: 'move', word: 'Running' },
  ok: { tone: 'good', word: 'As declared' },
  changed: { tone: 'good', word: 'Changed' },
  failed: { tone: 'bad', word: 'Failed' },
  unreachable: { tone: 'bad', word: 'Does not answer' },
  unknown: { tone: 'unknown', word: 'Ended in part' },
}

/** The state of a machine; in a plan and a check, nothing has changed. */
export const badgeOfMachine = (
  { state, changed }: Pick<MachineResult, 'state' | 'changed'>,
  mode: MachineRun['mode'] = 'apply',
): Badge =>
  state !== 'changed'
    ? badges[state]
    : mode === 'apply'
      ? { tone: 'good', word: counted(changed, 'change') }
      : mode === 'plan'
        ? { tone: 'wait', word: `${counted(changed, 'change')} planned` }
        : { tone: 'warn', word: `${counted(changed, 'change')} needed` }

/** What a run did, or would do, as a sentence. */
export function sentenceOf(
  run: Pick<MachineRun, 'state' | 'mode' | 'total' | 'reason' | 'machines'>,
) {
  const { state, mode, total, reason, machines } = run
  if (reason !== null) return asSentence(reason)
  const where = counted(machines.length, 'machine')
  if (state === 'running')
    return mode === 'apply' ? `Changes ${where}.` : `The ${mode} is being made.`
  return mode === 'apply'
    ? `Made ${counted(total, 'change')} on ${where}.`
    : `Would make ${counted(total, 'change')} on ${where}.`
}
