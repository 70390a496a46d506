import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { HostBeforeStatus } from '#contract/host/before.ts'
import type { HostRelease } from '#contract/host/release.ts'
import { hostBeforeStatus } from '#contract/host/before.ts'
import { makeTmp } from './instance-process.ts'
import { explainOutput } from './log-file.ts'
import { familyOf } from './processes.ts'
import type { ReleaseContext } from './release-context.ts'
import type { ReleaseFolders } from './release-folders.ts'
import { lockedExit, startBefore } from './start.ts'
import { replaceFile } from './state.ts'
import { killFamily, terminate } from './terminate.ts'

/** Milliseconds between two looks at the process, at first and later. */
const pollMs = { least: 10, most: 500 }
/** A process in execve(2) has no variables for a moment, so that one look may miss it. */
const looksUntilGone = 3

const journal = z.object({ marker: z.string(), status: hostBeforeStatus })
type Journal = z.infer<typeof journal>

/** The recorded process of a command that was started. */
export interface Seen {
  isAlive: boolean
  /** the exit code that it left; null for none */
  code: number | null
  /** why it was stopped; null when it was not */
  stopped: string | null
}

/**
 * How the command of a release ended, or null while it runs. A process that is gone without an exit
 * code may have done all, a part or nothing of its work.
 */
export function judgeBefore({
  isAlive,
  code,
  stopped,
}: Seen): Pick<HostBeforeStatus, 'state' | 'code' | 'reason'> | null {
  if (isAlive) return null
  if (stopped !== null) return { state: 'failed', code, reason: stopped }
  if (code === null)
    return { state: 'unknown', code, reason: 'ended without an exit code; it may have run in part' }
  if (code === 0) return { state: 'succeeded', code, reason: null }
  const how = code > 128 ? `was killed by signal ${code - 128}` : `failed with exit code ${code}`
  return { state: 'failed', code, reason: how }
}

/** How the command is stopped. */
const stop = { signal: 'SIGTERM', grace: 10_000 } as const

type Context = Pick<ReleaseContext, 'machine' | 'folder' | 'changed'>

/**
 * The command that runs once for a release, before its services start. That it begins is on disk
 * before its process is created, so that no host starts it a second time. The process outlives the
 * host, and the next host waits for it.
 */
export class Before {
  readonly #context: Context
  readonly #spec: HostRelease
  readonly #folders: ReleaseFolders
  #journal: Journal | null
  #stopped: string | null = null
  #isLeft = false
  #running: Promise<void> | null = null

  constructor(context: Context, spec: HostRelease, folders: ReleaseFolders) {
    this.#context = context
    this.#spec = spec
    this.#folders = folders
    this.#journal = readJournal(this.#file('journal.json'))
  }

  /** The marker of its processes while it runs. */
  get marker(): string | null {
    return this.#journal?.status.state === 'running' ? this.#journal.marker : null
  }

  get status(): HostBeforeStatus | null {
    return this.#journal?.status ?? null
  }

  /**
   * Runs the command in the files of the artifact, unless it has begun before, and waits for its
   * end. Returns why the release must not start, or null.
   */
  async run(files: string): Promise<string | null> {
    // An earlier start of the release may have ended it since this one was created.
    this.#journal = readJournal(this.#file('journal.json'))
    try {
      this.#journal ??= this.#start(files)
    } catch (error) {
      return `the command before the start cannot start: ${(error as Error).message}`
    }
    this.#running = this.#wait()
    await this.#running
    const { state, reason } = this.#journal.status
    if (state === 'succeeded' || state === 'running') return null
    return `the command before the start ${reason}`
  }

  async #wait(): Promise<void> {
    const { timeout = 0 } = this.#spec.before ?? {}
    let gone = 0
    for (let pause = pollMs.least; !this.#isLeft; pause = Math.min(pollMs.most, pause * 1.2)) {
      if (this.#journal?.status.state !== 'running') return
      const { marker, status } = this.#journal
      const origin = { pid: 0, startTime: null, marker }
      if (Date.now() > status.started + timeout)
        this.#stopped ??= `did not end within ${timeout / 1000} s and was stopped`
      if (this.#stopped !== null) await terminate(origin, stop)
      const isGone = familyOf(origin).length === 0
      gone = isGone ? gone + 1 : 0
      // Read after the look at the processes: the one that ends has written it before.
      const code = readCode(this.#file('code'))
      if (code !== null) await killFamily(origin)
      const isAlive = code === null && gone < looksUntilGone && this.#stopped === null
      this.#end({ isAlive, code, stopped: this.#stopped })
      if (isAlive) await sleep(pause)
    }
  }

  /**
   * Stops the command, also that of a previous host, and resolves when it has ended; the release
   * fails with the reason.
   */
  async stop(): Promise<void> {
    this.#stopped ??= 'was stopped, because the deployment ended'
    this.#running ??= this.#wait()
    await this.#running
  }

  /** Leaves the process to the next host. */
  leave(): void {
    this.#isLeft = true
  }

  /** The begin of the markers of its processes, and the name of the group with its memory. */
  get #group(): string {
    const { app, environment, release } = this.#spec
    return [this.#context.machine.id, app, environment, release, 'before'].join('/')
  }

  #file(name: string): string {
    return join(this.#folders.path('before'), name)
  }

  #start(files: string): Journal {
    const { machine, folder } = this.#context
    const { app, environment, services, before } = this.#spec
    const service = services.find(({ name }) => name === before?.service)
    if (!service || !before) throw new Error(`there is no service ${before?.service ?? ''}`)
    const marker = `${this.#group}/${randomBytes(8).toString('hex')}`
    const started = { started: Date.now(), ended: null, code: null, reason: null }
    const begun: Journal = { marker, status: { state: 'running', ...started } }
    mkdirSync(this.#folders.path('before'), { recursive: true, mode: 0o700 })
    rmSync(this.#file('code'), { force: true })
    const tmpFolder = this.#folders.tmpOf(service, 'before')
    makeTmp(tmpFolder)
    replaceFile(this.#file('journal.json'), JSON.stringify(begun), true)
    this.#journal = begun
    this.#context.changed()
    const limit =
      service.memory === undefined ? null : machine.limits.bound(this.#group, service.memory)
    const cgroup = limit !== null && 'folder' in limit ? limit.folder : null
    const child = startBefore(
      {
        ...this.#folders.placeOf(service, files, machine),
        ...{ index: 0, port: null, cgroup, marker, tmpFolder },
        logFile: this.#folders.beforeLog,
        metricsFile: join(tmpFolder, 'metrics.prom'),
      },
      before.run,
      {
        codeFile: this.#file('code'),
        lockFile: join(folder, 'before', app, environment, 'lock'),
      },
    )
    child.once('error', (error) => (this.#stopped ??= `cannot start: ${error.message}`))
    child.once('exit', (code) => {
      if (code === lockedExit) this.#stopped ??= 'did not start: one of another release still runs'
    })
    child.unref()
    return begun
  }

  #end(seen: Seen): void {
    const end = judgeBefore(seen)
    if (end === null || this.#journal === null) return
    const { marker, status } = this.#journal
    const service = this.#spec.services.find(({ name }) => name === this.#spec.before?.service)
    const { limits } = this.#context.machine
    const isExceeded = limits.isExceeded(this.#group)
    limits.release(this.#group)
    const said =
      end.reason === null || !service ? '' : explainOutput(this.#folders.beforeLog, service)
    const memory = isExceeded ? ' because it needed more than the memory limit of the service' : ''
    const reason = end.reason === null ? null : `${end.reason}${memory}${said}`
    this.#journal = { marker, status: { ...status, ...end, reason, ended: Date.now() } }
    replaceFile(this.#file('journal.json'), JSON.stringify(this.#journal), true)
    this.#context.changed()
  }
}

function readJournal(file: string): Journal | null {
  try {
    return journal.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    // A damaged journal must not let the command run a second time.
    const reason = 'has a record that cannot be read; it may have run'
    const started = { started: 0, ended: 0, code: null, reason }
    return { marker: '', status: { state: 'unknown', ...started } }
  }
}

function readCode(file: string): number | null {
  try {
    const text = readFileSync(file, 'utf8').trim()
    return /^\d{1,3}$/.test(text) ? Number(text) : null
  } catch {
    return null
  }
}
