import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { FairleadError } from '#contract/errors.ts'
import type { CommandFiles, CommandPage, CommandStatus, HostCommand } from '#contract/job/host.ts'
import type { ReleasePlace } from '../release-command.ts'
import { Command } from './command.ts'
import type { Terminal } from './terminal.ts'
import {
  type CommandPlace,
  neverStarted,
  readCommands,
  type SavedCommand,
  saveCommand,
} from './saved.ts'

export interface CommandsOptions {
  /** holds a folder for each command */
  folder: string
  /** identifies this installation in the markers of its processes */
  id: string
  /** where the commands of a release run; throws when it cannot run any */
  placeOf(app: string, environment: string, command: HostCommand): ReleasePlace
  /** unpacks the files of a command outside of a release; rejects when that is not possible */
  provide(place: CommandPlace, files: CommandFiles, own: OwnFolders): Promise<ReleasePlace>
  /** called when no command uses the files of the release any more */
  released(place: CommandPlace, command: SavedCommand): void
}

/** Folders of a command outside of a release. */
export interface OwnFolders {
  files: string
  tmp: string
}

/** Milliseconds between looks at an output that grows. */
const lookEvery = 100

const nameOf = ({ app, environment, key }: CommandPlace): string => `${app}/${environment}/${key}`

/**
 * The commands that run once in a release: jobs, and commands of people. A key is started at most
 * once, also when the host dies at any moment: its record is on disk before its process exists.
 */
export class Commands {
  readonly #options: CommandsOptions
  readonly #commands = new Map<string, Command>()
  #isFrozen = false

  constructor(options: CommandsOptions) {
    this.#options = options
  }

  /** Takes over from the previous host. */
  adopt(): void {
    this.#isFrozen = false
    this.#commands.clear()
    for (const { place, folder, saved } of readCommands(this.#options.folder, Date.now()))
      this.#add(place, folder, saved).adopt(Date.now())
    this.#releaseEnded()
  }

  /** The previous host may have died between the end of a command and the removal of its files. */
  #releaseEnded(): void {
    const ended = new Map<string, [CommandPlace, SavedCommand]>()
    for (const { place, saved } of this.#commands.values())
      if (saved.end !== null && saved.artifact !== '')
        ended.set(`${place.app}/${place.environment}/${saved.release}`, [place, saved])
    for (const [place, saved] of ended.values()) this.#ended(place, saved)
  }

  #add(place: CommandPlace, folder: string, saved: SavedCommand): Command {
    const command = new Command({ place, folder, saved, ended: () => this.#ended(place, saved) })
    this.#commands.set(nameOf(place), command)
    return command
  }

  #ended(place: CommandPlace, saved: SavedCommand): void {
    if (!this.useRelease(place.app, place.environment, saved.release))
      this.#options.released(place, saved)
  }

  /** The markers of the processes that a record names. */
  markers(): string[] {
    return [...this.#commands.values()].map(({ marker }) => marker)
  }

  /** Whether commands run in the files of an artifact. */
  use(artifact: string): boolean {
    return this.#open().some(({ saved }) => saved.artifact === artifact)
  }

  /** Whether commands run in a release. */
  useRelease(app: string, environment: string, release: number): boolean {
    return this.#open().some(
      ({ place, saved }) =>
        place.app === app && place.environment === environment && saved.release === release,
    )
  }

  #open(): Command[] {
    return [...this.#commands.values()].filter((command) => !command.hasEnded)
  }

  /** Starts a command whose key is new; returns the status of the one that has the key. */
  start(place: CommandPlace, wanted: HostCommand): CommandStatus {
    this.#mustServe()
    const known = this.#commands.get(nameOf(place))
    if (known) return known.status()
    const { files } = wanted
    if (files) return this.#startInFiles(place, wanted, files)
    const at = this.#options.placeOf(place.app, place.environment, wanted)
    const { release, service } = at
    const command = this.#record(place, wanted, release.artifact, service)
    command.start(at, wanted.run)
    return command.status()
  }

  /** Its record is on disk before its files are, so that they are not deleted as unused. */
  #startInFiles(place: CommandPlace, wanted: HostCommand, files: CommandFiles): CommandStatus {
    const command = this.#record(place, wanted, files.artifact, files)
    void this.#options
      .provide(place, files, { files: command.files, tmp: command.tmp })
      .then((at) => command.start(at, wanted.run))
      .catch((error: Error) => command.fail(error))
    return command.status()
  }

  #record(
    place: CommandPlace,
    wanted: HostCommand,
    artifact: string,
    { env, secrets: names = [] }: { env: Record<string, string>; secrets?: string[] | undefined },
  ): Command {
    const { app, environment, key } = place
    const secrets = names.flatMap((name) => env[name] ?? [])
    const random = randomBytes(8).toString('hex')
    const marker = `${this.#options.id}/${nameOf(place)}/command/${random}`
    const saved = {
      ...{ release: wanted.release, artifact, secrets, marker },
      ...{ began: Date.now(), timeout: wanted.timeout, pid: null, startTime: null },
      ...{ ending: null, end: null },
      ...(wanted.terminal === undefined ? {} : { terminal: wanted.terminal }),
    }
    const folder = join(this.#options.folder, app, environment, key)
    saveCommand(folder, saved)
    return this.#add(place, folder, saved)
  }

  look(place: CommandPlace): CommandStatus {
    this.#mustServe()
    return this.#find(place).status()
  }

  /** The output after a position; waits for more, at most `waitMs`. */
  async output(place: CommandPlace, after: number, waitMs: number): Promise<CommandPage> {
    const until = performance.now() + waitMs
    for (;;) {
      this.#mustServe()
      const page = this.#find(place).page(after)
      const left = until - performance.now()
      if (page.next > after || page.complete || left <= 0) return page
      await sleep(Math.min(left, lookEvery))
    }
  }

  /** Takes the terminal of a command for a connection. */
  terminal(place: CommandPlace): Terminal {
    this.#mustServe()
    const { terminal } = this.#find(place)
    if (!terminal) throw new FairleadError('not_found', { kind: 'terminal', id: nameOf(place) })
    terminal.take()
    return terminal
  }

  /** Stops a command. One that was never started gets a record, so that it never will be. */
  stop(place: CommandPlace): CommandStatus {
    this.#mustServe()
    const known = this.#commands.get(nameOf(place))
    known?.stop()
    if (known) return known.status()
    const folder = join(this.#options.folder, place.app, place.environment, place.key)
    const reason = 'it was stopped before it started'
    const saved = neverStarted({ kind: 'stopped', exit: null, reason, at: Date.now() })
    saveCommand(folder, saved)
    return this.#add(place, folder, saved).status()
  }

  async remove(place: CommandPlace): Promise<void> {
    this.#mustServe()
    await this.#commands.get(nameOf(place))?.remove()
    this.#commands.delete(nameOf(place))
  }

  async removeEnvironment(app: string, environment: string): Promise<void> {
    for (const [name, command] of this.#commands) {
      if (!name.startsWith(`${app}/${environment}/`)) continue
      await command.remove()
      this.#commands.delete(name)
    }
    const folder = join(this.#options.folder, app, environment)
    await rm(folder, { recursive: true, force: true })
  }

  async trim(): Promise<void> {
    for (const command of this.#commands.values()) await command.trim()
  }

  /** Stops all commands, and waits until they have ended, at most 15 seconds. */
  async stopAll(): Promise<void> {
    const open = this.#open()
    for (const command of open) command.stop()
    const until = performance.now() + 15_000
    while (open.some((one) => !one.hasEnded) && performance.now() < until) await sleep(20)
  }

  /** Detaches every process; `adopt` takes over again. */
  freeze(): void {
    this.#isFrozen = true
    for (const command of this.#commands.values()) command.release()
  }

  #mustServe(): void {
    if (this.#isFrozen) throw new FairleadError('unavailable', { what: 'The host' })
  }

  #find(place: CommandPlace): Command {
    const found = this.#commands.get(nameOf(place))
    if (!found) throw new FairleadError('not_found', { kind: 'command', id: nameOf(place) })
    return found
  }
}
