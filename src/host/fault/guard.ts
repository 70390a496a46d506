import { bootId } from '#platform/boot-id.ts'
import { steadyMs } from '../steady-clock.ts'
import { findReason, pauseAfter } from './decide.ts'
import type { FaultRecord, Journal, JournalEntry } from './journal.ts'
import { canUndo, placeOf, tryUndo } from './undo.ts'

/** An undo in progress: its failures, and when it is tried again on the steady clock. */
interface Undo {
  failures: number
  next: number
  isRunning: boolean
}

/** Holds the undo of every fault, and undoes those whose time has come. */
export class Guard {
  readonly #journal: Journal
  readonly #host: string
  readonly #name: string
  readonly #log: (message: string, fields?: Record<string, unknown>) => void
  /** What it holds, also when somebody deletes the files. */
  readonly #held = new Map<string, FaultRecord>()
  readonly #undos = new Map<string, Undo>()
  readonly #reported = new Set<string>()

  constructor(options: {
    journal: Journal
    host: string
    name: string
    log(message: string, fields?: Record<string, unknown>): void
  }) {
    this.#journal = options.journal
    this.#host = options.host
    this.#name = options.name
    this.#log = options.log
  }

  /** Whether a fault is not undone. */
  get isBusy(): boolean {
    return this.#held.size > 0
  }

  /** Looks at every fault once, and starts the undos that are due. */
  tick(): void {
    const open = this.#open()
    for (const entry of open) this.#look(entry)
    for (const id of this.#held.keys())
      if (!open.some(({ record }) => record.id === id)) this.#lost(id)
  }

  /** Begins to undo everything. */
  undoAll(reason: string): void {
    for (const { record } of this.#open()) this.#journal.beginUndo(record.id, reason)
  }

  #open(): JournalEntry[] {
    return this.#journal.open((file) => {
      if (this.#reported.has(file)) return
      this.#reported.add(file)
      this.#log('a record of a fault cannot be read and is left alone', { file })
    })
  }

  #look({ record, state }: JournalEntry): void {
    const { id } = record
    const isNew = !this.#held.has(id)
    this.#held.set(id, record)
    const reason = findReason(
      { record, state },
      { steady: steadyMs(), boot: bootId(), lease: this.#journal.leaseOf(record) },
    )
    if (reason !== null) this.#journal.beginUndo(id, reason)
    if (reason !== null || state === 'undoing') this.#undo(record)
    // The injector waits for this.
    else if (isNew && canUndo(record)) this.#journal.hold(id, this.#name)
  }

  /** Its record is gone; the undo that this process holds is not. */
  #lost(id: string): void {
    const record = this.#held.get(id)
    // The undo ended since the folder was read, here or in another guardian.
    if (!record || this.#journal.isUndone(id)) this.#forget(id)
    else this.#undo(record)
  }

  #undo(record: FaultRecord): void {
    const undo = this.#undos.get(record.id) ?? { failures: 0, next: 0, isRunning: false }
    this.#undos.set(record.id, undo)
    if (undo.isRunning || steadyMs() < undo.next) return
    undo.isRunning = true
    void this.#try(record, undo).finally(() => (undo.isRunning = false))
  }

  async #try(record: FaultRecord, undo: Undo): Promise<void> {
    const { id } = record
    const problem = await tryUndo(record, placeOf(record, this.#host, this.#journal.folder))
    if (problem === null) {
      this.#journal.note(id, { ...this.#journal.noteOf(id), problem: null })
      this.#journal.finishUndo(id)
      return this.#forget(id)
    }
    undo.failures += 1
    undo.next = steadyMs() + pauseAfter(undo.failures)
    if (problem === this.#journal.noteOf(id).problem) return
    this.#journal.note(id, { ...this.#journal.noteOf(id), problem })
    this.#log('a fault is not undone yet', { fault: id, problem })
  }

  #forget(id: string): void {
    this.#held.delete(id)
    this.#undos.delete(id)
  }
}
