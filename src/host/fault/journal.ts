import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { faultId, faultState } from '#contract/experiment/fault.ts'
import { replaceFile } from '../state.ts'
import { faultTarget } from './target.ts'

export type FaultState = z.infer<typeof faultState>

/** What the guardian needs to undo a fault. */
export const faultRecord = z.object({
  id: faultId,
  action: z.string(),
  target: faultTarget,
  marker: z.string(),
  /** The state before, as the schema of the action says. */
  before: z.unknown(),
  /** Milliseconds since 1970, for people. */
  created: z.number(),
  ends: z.number(),
  /** The boot whose clock the next two are of; null when it cannot be read. */
  boot: z.string().nullable(),
  /** Milliseconds of the steady clock after which it is undone. */
  steadyEnd: z.number(),
  /** The same for the first lease. */
  steadyLease: z.number(),
})
export type FaultRecord = z.infer<typeof faultRecord>

const note = z.object({ reason: z.string().nullable(), problem: z.string().nullable() })
export type FaultNote = z.infer<typeof note>

export interface JournalEntry {
  record: FaultRecord
  state: FaultState
}

/** Milliseconds for which an undone fault is listed. */
const keptMs = 86_400_000

/**
 * The faults of this host, as files of one folder. The state of a fault is the name of its file,
 * because to rename a file needs no space on a full disk: `ID.armed.json`, `ID.undoing.json`,
 * `ID.undone.json`.
 */
export class Journal {
  readonly folder: string

  constructor(host: string) {
    this.folder = join(host, 'faults')
    mkdirSync(this.folder, { recursive: true, mode: 0o700 })
  }

  /** The record is on disk when this returns. Throws when there was a fault with that id. */
  arm(record: FaultRecord): void {
    if (faultState.options.some((state) => this.#has(record.id, state))) throw taken(record.id)
    const draft = join(this.folder, `${record.id}.${process.pid}.draft`)
    const fd = openSync(draft, 'w', 0o600)
    try {
      writeFileSync(fd, JSON.stringify(record))
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    try {
      // Unlike a rename, a link replaces no record.
      linkSync(draft, this.#file(record.id, 'armed'))
    } catch (error) {
      throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? taken(record.id) : error
    } finally {
      rmSync(draft, { force: true })
    }
    this.#sync()
  }

  /** Whether the fault may be made: nobody has begun to undo it. */
  isArmed(id: string): boolean {
    return this.#has(id, 'armed')
  }

  /** The file that exists as long as `isArmed`. */
  armedFile(id: string): string {
    return this.#file(id, 'armed')
  }

  isUndone(id: string): boolean {
    return this.#has(id, 'undone')
  }

  /** All faults, oldest first. `unreadable` gets the name of a file that is no record. */
  list(unreadable: (file: string) => void = () => undefined): JournalEntry[] {
    const entries = readdirSync(this.folder).flatMap((file) => {
      const [, id, state] = /^([a-z0-9-]+)\.(armed|undoing|undone)\.json$/.exec(file) ?? []
      if (id === undefined || state === undefined) return []
      const record = this.#read(file, unreadable)
      return record === null ? [] : [{ record, state: state as FaultState }]
    })
    return entries.toSorted((a, b) => a.record.created - b.record.created)
  }

  /** Those that are not undone. */
  open(unreadable?: (file: string) => void): JournalEntry[] {
    return this.list(unreadable).filter(({ state }) => state !== 'undone')
  }

  #read(file: string, unreadable: (file: string) => void): FaultRecord | null {
    try {
      return faultRecord.parse(JSON.parse(readFileSync(join(this.folder, file), 'utf8')))
    } catch (error) {
      // It was renamed since the folder was read.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') unreadable(file)
      return null
    }
  }

  /** After this, no injector begins. Does nothing when the undo has begun before. */
  beginUndo(id: string, reason: string): void {
    if (!this.#rename(id, 'armed', 'undoing')) return
    this.note(id, { reason, problem: null })
  }

  finishUndo(id: string): void {
    this.#rename(id, 'undoing', 'undone')
    for (const kind of ['lease', 'held']) rmSync(join(this.folder, `${id}.${kind}`), force)
  }

  /** For people; a full disk must not stop an undo. */
  note(id: string, found: FaultNote): void {
    try {
      replaceFile(join(this.folder, `${id}.note`), JSON.stringify(found), false)
    } catch {
      // The state itself is in the name of the record.
    }
  }

  noteOf(id: string): FaultNote {
    try {
      return note.parse(JSON.parse(readFileSync(join(this.folder, `${id}.note`), 'utf8')))
    } catch {
      return { reason: null, problem: null }
    }
  }

  /** `until` is of the steady clock. */
  renew(id: string, until: number): void {
    if (this.isArmed(id)) replaceFile(join(this.folder, `${id}.lease`), String(until), false)
  }

  leaseOf({ id, steadyLease }: FaultRecord): number {
    return Number(this.#text(`${id}.lease`)) || steadyLease
  }

  /** Records which guardian holds the undo of a fault; see `holderOf`. */
  hold(id: string, guardian: string): void {
    if (this.holderOf(id) !== guardian)
      replaceFile(join(this.folder, `${id}.held`), guardian, false)
  }

  holderOf(id: string): string | null {
    return this.#text(`${id}.held`)
  }

  /** Deletes what was undone long ago. */
  prune(now: number): void {
    const old = this.list().filter(
      ({ record, state }) => state === 'undone' && record.ends + keptMs < now,
    )
    for (const { record } of old)
      for (const kind of ['undone.json', 'note'])
        rmSync(join(this.folder, `${record.id}.${kind}`), force)
  }

  #text(file: string): string | null {
    try {
      return readFileSync(join(this.folder, file), 'utf8')
    } catch {
      return null
    }
  }

  #file(id: string, state: FaultState): string {
    return join(this.folder, `${id}.${state}.json`)
  }

  #has(id: string, state: FaultState): boolean {
    return this.#text(`${id}.${state}.json`) !== null
  }

  /** False when another process has renamed it. */
  #rename(id: string, from: FaultState, to: FaultState): boolean {
    try {
      renameSync(this.#file(id, from), this.#file(id, to))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
      throw error
    }
    this.#sync()
    return true
  }

  #sync(): void {
    const fd = openSync(this.folder, 'r')
    try {
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
  }
}

const force = { force: true } as const
const taken = (id: string): Error => new Error(`there is a fault with the id ${id} already`)
