import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { commandEnd } from '#contract/job/host.ts'
import { terminal } from '#contract/job/job.ts'

/** What the host keeps on disk of a command, readable for its own user only. */
const savedCommand = z.object({
  release: z.number(),
  /** the artifact whose files it uses */
  artifact: z.string(),
  /** the values that are masked in its output */
  secrets: z.array(z.string()),
  /** in the environment of all its processes */
  marker: z.string(),
  /** milliseconds since 1970 */
  began: z.number(),
  /** milliseconds */
  timeout: z.number(),
  /** null until the process is recorded */
  pid: z.number().nullable(),
  startTime: z.string().nullable(),
  /** why the host ends it; null when it does not */
  ending: z.enum(['timed_out', 'stopped', 'disconnected']).nullable(),
  /** absent without a terminal */
  terminal: terminal.optional(),
  end: commandEnd.nullable(),
})
export type SavedCommand = z.infer<typeof savedCommand>

/** Names a command of an environment. */
export interface CommandPlace {
  app: string
  environment: string
  key: string
}

const fileOf = (folder: string): string => join(folder, 'state.json')

/**
 * Stores a command. It is on disk when this returns, also after a loss of power: a command that was
 * forgotten would run again.
 */
export function saveCommand(folder: string, command: SavedCommand): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const draft = `${fileOf(folder)}.draft`
  writeFileSync(draft, JSON.stringify(command), { mode: 0o600, flush: true })
  renameSync(draft, fileOf(folder))
  sync(folder)
  sync(dirname(folder))
}

function sync(folder: string): void {
  const fd = openSync(folder, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** All commands below a folder. One whose record cannot be read counts as lost. */
export function readCommands(
  root: string,
  now: number,
): { place: CommandPlace; folder: string; saved: SavedCommand }[] {
  return namesIn(root).flatMap((app) =>
    namesIn(join(root, app)).flatMap((environment) =>
      namesIn(join(root, app, environment)).map((key) => {
        const folder = join(root, app, environment, key)
        return { place: { app, environment, key }, folder, saved: readCommand(folder, now) }
      }),
    ),
  )
}

function readCommand(folder: string, now: number): SavedCommand {
  try {
    return savedCommand.parse(JSON.parse(readFileSync(fileOf(folder), 'utf8')))
  } catch {
    return neverStarted({ kind: 'lost', exit: null, reason: 'its record is damaged', at: now })
  }
}

/** The record of a command that does not run, and never will. */
export const neverStarted = (end: NonNullable<SavedCommand['end']>): SavedCommand => ({
  ...{ release: 0, artifact: '', secrets: [], marker: '', began: end.at, timeout: 0 },
  ...{ pid: null, startTime: null, ending: null, end },
})

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
