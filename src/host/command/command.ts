import type { ChildProcess } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { CommandEnd, CommandPage, CommandStatus } from '#contract/job/host.ts'
import { signalOf } from '#platform/process/isolation.ts'
import { createMask } from '#platform/secret/mask.ts'
import { makeTmp } from '../instance-process.ts'
import { trim } from '../log-file.ts'
import { familyOf, isRunning, type Origin, startTimeOf } from '../processes.ts'
import type { ReleasePlace } from '../release-command.ts'
import { startRecorded } from '../start.ts'
import { killFamily, terminate } from '../terminate.ts'
import { readPage } from './output-page.ts'
import { resize } from './pseudo-terminal.ts'
import { type CommandPlace, type SavedCommand, saveCommand } from './saved.ts'
import { Terminal } from './terminal.ts'

/** Milliseconds between SIGTERM and SIGKILL. */
const grace = 10_000
/** Milliseconds between checks of a command that a former host started. */
const checkEvery = 300

export interface CommandParts {
  place: CommandPlace
  folder: string
  saved: SavedCommand
  /** called after the end of the command is on disk */
  ended(): void
}

/**
 * A command that runs once. Its record is on disk before its process starts, and its process
 * outlives the host: the next host finds it by its marker, and its exit code in a file.
 */
export class Command {
  readonly place: CommandPlace
  readonly #folder: string
  #saved: SavedCommand
  readonly #ended: () => void
  #limit: NodeJS.Timeout | undefined
  #check: NodeJS.Timeout | undefined
  #terminal: Terminal | null = null
  #isEnding = false
  #isReleased = false

  constructor({ place, folder, saved, ended }: CommandParts) {
    this.place = place
    this.#folder = folder
    this.#saved = saved
    this.#ended = ended
  }

  get marker(): string {
    return this.#saved.marker
  }

  get hasEnded(): boolean {
    return this.#saved.end !== null
  }

  /** Null when it has none, or another host has started it. */
  get terminal(): Terminal | null {
    return this.#terminal
  }

  get saved(): SavedCommand {
    return this.#saved
  }

  status(): CommandStatus {
    const { release, began, end } = this.#saved
    return { release, began, end }
  }

  page(after: number): CommandPage {
    const page = readPage(this.#output, after, this.hasEnded)
    if (page.lines.length === 0) return page
    const masked = createMask(this.#saved.secrets).apply(page.lines.join('\n'))
    return { ...page, lines: masked.split('\n') }
  }

  get #output(): string {
    return join(this.#folder, 'output')
  }

  get #exitFile(): string {
    return join(this.#folder, 'exit')
  }

  get #tmp(): string {
    return join(this.#folder, 'tmp')
  }

  get #origin(): Origin {
    const { pid, startTime, marker } = this.#saved
    return { pid: pid ?? 0, startTime, marker }
  }

  /** Its own folder for the files of an artifact, where they cannot be shared. */
  get files(): string {
    return join(this.#folder, 'files')
  }

  /** Its /tmp; with the files of an artifact, also its HOME. */
  get tmp(): string {
    return this.#tmp
  }

  /** Starts the process; its record is on disk. */
  start(place: ReleasePlace, command: string): void {
    const { machine } = place
    // It was stopped, or another host took over, while its files were unpacked.
    if (this.#isReleased || this.hasEnded) return
    if (this.#saved.ending) return void this.#finish(this.#endOf(null, null))
    try {
      makeTmp(this.#tmp)
      const child = startRecorded(
        {
          ...place,
          ...{ tmpFolder: this.#tmp, logFile: this.#output, marker: this.marker },
          ...{ index: 0, port: null, cgroup: null, metricsFile: join(this.#tmp, 'metrics.prom') },
          ...{ path: machine.path, isolation: machine.isolation },
        },
        command,
        { exitFile: this.#exitFile, terminal: this.#saved.terminal },
      )
      child.once('error', (error) => void this.#finish(notStarted(error)))
      child.once('exit', (code, signal) => void this.#finish(this.#endOf(code, signal)))
      child.unref()
      if (this.#saved.terminal) this.#openTerminal(child)
      const pid = child.pid ?? null
      this.#save({ pid, startTime: pid === null ? null : startTimeOf(pid) })
      this.#limitTime(this.#saved.timeout)
    } catch (error) {
      void this.#finish(notStarted(error as Error))
    }
  }

  #openTerminal(child: ChildProcess): void {
    this.#terminal = new Terminal({
      child,
      resize: (size) => resize(this.#origin, size),
      disconnected: () => this.#end('disconnected'),
    })
  }

  /** Ends a command whose files cannot be unpacked. */
  fail(error: Error): void {
    void this.#finish(notStarted(error))
  }

  /** Watches a command that a former host started. */
  adopt(now: number): void {
    if (this.hasEnded) return
    // Its terminal ended with the former host.
    if (this.#saved.terminal) this.#end('disconnected')
    if (this.#saved.ending) this.#terminate()
    this.#check = setInterval(() => this.#look(), checkEvery)
    this.#check.unref()
    const { began, timeout } = this.#saved
    // A clock that was set changes the limit by no more than its own length.
    this.#limitTime(Math.min(timeout, Math.max(0, timeout - (now - began))))
  }

  #look(): void {
    const { pid, startTime } = this.#saved
    const isAlive = pid === null ? familyOf(this.#origin).length > 0 : isRunning(pid, startTime)
    if (!isAlive) void this.#finish(this.#endOf(null, null))
  }

  #limitTime(left: number): void {
    this.#limit = setTimeout(() => this.#end('timed_out'), left)
    this.#limit.unref()
  }

  stop(): void {
    this.#end('stopped')
  }

  #end(ending: NonNullable<SavedCommand['ending']>): void {
    if (this.hasEnded || this.#saved.ending || this.#isEnding || this.#isReleased) return
    this.#save({ ending })
    this.#terminate()
  }

  /** A shell in a terminal ignores SIGTERM, and ends with its terminal. */
  #terminate(): void {
    const signal = this.#saved.terminal ? 'SIGHUP' : 'SIGTERM'
    void terminate(this.#origin, { signal, grace })
  }

  /** How it ended, by its record and the file with its exit code. */
  #endOf(code: number | null, signal: NodeJS.Signals | null): Omit<CommandEnd, 'at'> {
    const { ending, timeout } = this.#saved
    if (ending === 'stopped') return { kind: ending, exit: null, reason: 'it was stopped' }
    if (ending === 'disconnected')
      return { kind: 'stopped', exit: null, reason: 'its terminal was disconnected' }
    if (ending === 'timed_out')
      return { kind: ending, exit: null, reason: `it ran for more than ${timeout / 1000} s` }
    const exit = this.#exit() ?? code
    if (exit === null && signal === null)
      return { kind: 'lost', exit, reason: 'the host or its machine died while it ran' }
    const killer = signal ?? signalOf(exit)
    const reason = killer === null ? `it exited with ${exit}` : `it was killed by ${killer}`
    return { kind: 'exited', exit, reason: exit === 0 ? null : reason }
  }

  #exit(): number | null {
    if (!existsSync(this.#exitFile)) return null
    const exit = Number.parseInt(readFileSync(this.#exitFile, 'utf8'), 10)
    return Number.isInteger(exit) ? exit : null
  }

  async #finish(end: Omit<CommandEnd, 'at'>): Promise<void> {
    if (this.#isEnding || this.#isReleased || this.hasEnded) return
    this.#isEnding = true
    this.#clearTimers()
    // What it left in the background ends with it.
    if (this.marker !== '') await killFamily(this.#origin)
    await this.#trimOutput()
    if (this.#isReleased) return
    this.#save({ end: { ...end, at: Date.now() } })
    for (const folder of [this.#tmp, this.files]) rmSync(folder, { recursive: true, force: true })
    this.#ended()
  }

  #save(change: Partial<SavedCommand>): void {
    this.#saved = { ...this.#saved, ...change }
    saveCommand(this.#folder, this.#saved)
  }

  #clearTimers(): void {
    clearTimeout(this.#limit)
    clearInterval(this.#check)
  }

  /** Deletes the oldest output of a command that writes a lot. */
  async trim(): Promise<void> {
    if (!this.hasEnded) await this.#trimOutput()
  }

  async #trimOutput(): Promise<void> {
    if (existsSync(this.#output)) await trim(this.#output)
  }

  /** Detaches the process without stopping it; the next host adopts it. */
  release(): void {
    this.#isReleased = true
    this.#clearTimers()
  }

  /** Kills the process and everything that it started, and deletes what is on disk. */
  async remove(): Promise<void> {
    this.release()
    if (!this.hasEnded) await killFamily(this.#origin)
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

const notStarted = (error: Error): Omit<CommandEnd, 'at'> => ({
  ...{ kind: 'not_started', exit: null, reason: `it cannot start: ${error.message}` },
})
