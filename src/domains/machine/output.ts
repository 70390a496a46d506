import { z } from 'zod'
import type { MachineChange, MachineResult } from '#contract/machine/machine.ts'
import { linePrefix } from './callback.ts'
import { hideBesideSecrets } from './diff.ts'

/** A line of the callback plugin; see `callback.ts`. */
const event = z.discriminatedUnion('e', [
  z.object({ e: z.literal('play'), name: z.string() }),
  z.object({ e: z.literal('task'), task: z.string(), at: z.string().nullable() }),
  z.object({
    e: z.literal('result'),
    host: z.string(),
    task: z.string(),
    at: z.string().nullable(),
    state: z.enum(['ok', 'changed', 'failed', 'unreachable', 'skipped']),
    object: z.string().nullish(),
    diff: z.string().nullish(),
    message: z.string().nullish(),
    output: z.string().nullish(),
    ignored: z.boolean().optional(),
    isUnknown: z.boolean().optional(),
  }),
  z.object({
    e: z.literal('stats'),
    hosts: z.record(
      z.string(),
      z.object({
        ok: z.number(),
        failures: z.number(),
        unreachable: z.number(),
        changed: z.number(),
      }),
    ),
  }),
])
export type MachineEvent = z.infer<typeof event>

/** What the output of a batch shows so far. */
export interface Progress {
  machines: Map<string, MachineResult>
  changes: MachineChange[]
  /** all changes; at most `mostChanges` are kept */
  total: number
  /** whether Ansible came to its end */
  isComplete: boolean
  /** the last lines that are not of the plugin: warnings and errors of Ansible */
  words: string[]
}

const mostChanges = 300
const mostSkipped = 30
const mostWords = 20

export const noProgress = (): Progress => ({
  ...{ machines: new Map(), changes: [], total: 0, isComplete: false, words: [] },
})

/** The event of a line, or null. Never throws. Pure. */
export function readEvent(line: string): MachineEvent | null {
  if (!line.startsWith(linePrefix)) return null
  try {
    return event.safeParse(JSON.parse(line.slice(linePrefix.length))).data ?? null
  } catch {
    return null
  }
}

const fresh = (name: string): MachineResult => ({
  ...{ name, state: 'running', changed: 0, failed: 0, tasks: 0, reason: null, output: null },
  skipped: [],
})

/** Adds a line of the output. */
export function addLine(progress: Progress, line: string): void {
  const found = readEvent(line)
  if (found === null) {
    if (line.trim() !== '') progress.words = [...progress.words, line].slice(-mostWords)
    return
  }
  if (found.e === 'result') addResult(progress, found)
  if (found.e === 'stats') addStats(progress, found.hosts)
}

function addResult(progress: Progress, found: Extract<MachineEvent, { e: 'result' }>): void {
  const { host, task, at, state, diff = null, message = null } = found
  const machine = progress.machines.get(host) ?? fresh(host)
  progress.machines.set(host, machine)
  if (found.isUnknown && machine.skipped.length < mostSkipped) machine.skipped.push(task)
  if (state === 'skipped') return
  machine.tasks += 1
  if (state === 'changed') {
    machine.changed += 1
    progress.total += 1
    if (progress.changes.length < mostChanges)
      progress.changes.push({
        ...{ machine: host, task, at, object: found.object ?? null },
        diff: diff === null ? null : hideBesideSecrets(diff),
      })
  }
  if (state === 'unreachable' && found.ignored !== true) {
    machine.state = 'unreachable'
    machine.reason = `it does not answer${message === null ? '' : `: ${firstLine(message)}`}`
  }
  if (state === 'failed' && found.ignored !== true) {
    machine.failed += 1
    machine.reason =
      `“${task}”${at === null ? '' : ` (${at})`} failed` +
      (message === null ? '' : `: ${firstLine(message)}`)
    // The reason has the only line.
    const output = found.output ?? message
    machine.output = output?.trim().includes('\n') ? output.trim().slice(-4000) : null
  }
}

/** The end of Ansible decides: a failed task may have been rescued by the playbook. */
function addStats(progress: Progress, hosts: Extract<MachineEvent, { e: 'stats' }>['hosts']): void {
  progress.isComplete = true
  for (const [name, stats] of Object.entries(hosts)) {
    const machine = progress.machines.get(name) ?? fresh(name)
    progress.machines.set(name, machine)
    machine.failed = stats.failures
    if (stats.unreachable > 0) machine.state = 'unreachable'
    else if (stats.failures > 0) machine.state = 'failed'
    else machine.state = machine.changed > 0 ? 'changed' : 'ok'
    if (machine.state === 'ok' || machine.state === 'changed')
      Object.assign(machine, { reason: null, output: null })
  }
}

const firstLine = (text: string): string => (text.trim().split('\n')[0] ?? '').slice(0, 500)
