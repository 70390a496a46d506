import { type MachineEvent, readEvent } from './output.ts'

/**
 * The output of a command for people: each task, each machine with its state, what the task
 * printed there, and the lines of Ansible itself, such as warnings. Pure.
 */
export const logLines = (lines: readonly string[]): string[] =>
  lines.flatMap((line) => {
    const found = readEvent(line)
    return found === null ? [line] : linesOf(found)
  })

function linesOf(found: MachineEvent): string[] {
  if (found.e === 'play') return [`Play: ${found.name}`]
  if (found.e === 'task') return [`Task: ${placed(found.task, found.at)}`]
  if (found.e === 'stats') return []
  const { host, state, task, object, message, ignored, output } = found
  const what = object ? `${task}: ${object}` : task
  const why = message ? `: ${message.trim().split('\n', 1).join('')}` : ''
  return [
    `${host}: ${words[state]}: ${what}${why}${ignored ? ' (ignored)' : ''}`,
    ...(output ?? '').split('\n').flatMap((line) => (line === '' ? [] : [`${host} | ${line}`])),
  ]
}

const words = {
  ...{ ok: 'ok', changed: 'changed', failed: 'failed', skipped: 'skipped' },
  unreachable: 'does not answer',
} as const

const placed = (task: string, at: string | null): string => (at === null ? task : `${task} (${at})`)
