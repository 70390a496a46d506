import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { FairleadError } from '#contract/errors.ts'
import type { HostRelease } from '#contract/host/release.ts'
import type { HostService } from '#contract/host/service.ts'
import { type RehearsalReport, rehearsalReport } from '#contract/rehearsal/rehearsal.ts'
import { helperEnvironment } from '#platform/process/program.ts'
import { selfCommand } from '#platform/self.ts'
import type { Machine } from '../machine.ts'
import { writeServiceFiles } from '../service-files.ts'
import { switchesOf } from '../start.ts'
import type { RehearsalPlan } from './plan.ts'

/** Milliseconds that a second instance has to become healthy, at most. */
const mostMs = 60_000
/** Bytes that a rehearsal may write: what the second instance changes of its data. */
const mostDisk = 2_000_000_000
/** Bytes of memory that a rehearsal may use, where the service has no lower limit. */
const mostMemory = 8_000_000_000

type Asked = Pick<
  RehearsalPlan,
  'release' | 'service' | 'live' | 'folder' | 'dataFolder' | 'configFolder'
> & {
  /** the release has not started: its configuration files are not on disk yet */
  isNext?: boolean
}

/** A release whose command before the start runs on the copy. */
interface After {
  release: HostRelease
  /** its unpacked artifact */
  folder: string
  /** must succeed against the second instance */
  verify?: string | undefined
}

/**
 * Rehearses services, one after another, each in a process of its own. Everything that a rehearsal
 * writes is in one folder, which is deleted afterwards, or by the next host.
 */
export class Rehearser {
  readonly #folder: string
  readonly #machine: Machine
  #last: Promise<unknown> = Promise.resolve()
  #child: ChildProcess | null = null

  /** `folder` is a folder of the host for rehearsals alone. */
  constructor(folder: string, machine: Machine) {
    this.#folder = folder
    this.#machine = machine
  }

  /** Deletes what a rehearsal left whose host was killed. */
  sweep(): void {
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 3 })
  }

  /** Ends a rehearsal in progress. */
  stop(): void {
    this.#child?.kill('SIGKILL')
  }

  /** With `after`, the service starts after the command before the start of that release. */
  run(asked: Asked, after?: After): Promise<RehearsalReport> {
    const next = this.#last.then(() => this.#run(asked, after))
    this.#last = next.catch(() => undefined)
    return next
  }

  async #run(asked: Asked, after?: After): Promise<RehearsalReport> {
    const place = join(this.#folder, randomBytes(6).toString('hex'))
    makePlace(place)
    try {
      const nextFiles = asked.isNext ? await this.#writeFiles(asked, join(place, 'next')) : null
      const common = { ...asked, ...this.#common(asked, place), nextFiles }
      if (!after) return await this.#perform({ ...common, after: null })
      const service = afterCommand(asked.service, after.verify)
      return await this.#perform({
        ...{ ...common, service },
        after: await this.#writeFilesOf(after, place),
      })
    } finally {
      rmSync(place, { recursive: true, force: true, maxRetries: 5 })
    }
  }

  async #writeFilesOf({ release, folder }: After, place: string) {
    const configFolder = join(place, 'config')
    mkdirSync(configFolder, { mode: 0o711 })
    for (const service of release.services)
      await this.#writeFiles({ release, service, folder }, join(configFolder, service.name))
    return { release, folder, configFolder }
  }

  /** Writes the configuration files of a service to a folder, and returns the folder. */
  async #writeFiles(
    { release, service, folder }: Pick<Asked, 'release' | 'service' | 'folder'>,
    configFolder: string,
  ): Promise<string> {
    const { isolation, path } = this.#machine
    mkdirSync(configFolder, { mode: 0o755 })
    await writeServiceFiles({
      ...{ release, service, folder, path, isolation, dataFolder: '', tmpFolder: '', configFolder },
    })
    return configFolder
  }

  #common({ release, service }: Asked, place: string) {
    const { isolation, path, id, keepFree } = this.#machine
    const ms = Math.min(mostMs, service.health.timeout)
    const marker = [id, 'rehearsal', release.app, release.environment, service.name].join('/')
    return {
      ...{ place, isolation, path, marker, switches: switchesOf(this.#machine, release) },
      limits: { ms, memory: mostMemory, disk: mostDisk, keepFree },
    }
  }

  async #perform(plan: RehearsalPlan): Promise<RehearsalReport> {
    const [node, ...args] = selfCommand('rehearsal')
    const child = spawn(node, args, {
      cwd: '/',
      env: { ...helperEnvironment(), HOME: '/', FAIRLEAD_PROCESS: plan.marker },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.#child = child
    child.stdin.on('error', () => undefined)
    // The input stays open: its end tells the process that this host is gone.
    child.stdin.write(`${JSON.stringify(plan)}\n`)
    const exited = new Promise<void>((resolve) => {
      child.once('error', () => resolve()).once('exit', () => resolve())
    })
    const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), exited])
    this.#child = null
    try {
      return rehearsalReport.parse(JSON.parse(output))
    } catch {
      const reference = errors.trim().split('\n').at(-1) || 'the rehearsal was ended'
      throw new FairleadError('internal', { reference: reference.slice(0, 300) })
    }
  }
}

/**
 * A service that starts after a command which changes its data. Nothing outside may be reached
 * then: the command would change it. Its own limit of memory is not that of all services on the
 * copy.
 */
function afterCommand(service: HostService, verify: string | undefined): HostService {
  const { memory: _memory, rehearse, ...rest } = service
  const run = verify ?? rehearse?.run
  return {
    ...rest,
    rehearse: { ...rehearse, allow: [], ...(run === undefined ? {} : { run }) },
  }
}

/** Only the sandbox and this user see what is in it. */
function makePlace(place: string): void {
  mkdirSync(place, { recursive: true, mode: 0o711 })
  mkdirSync(join(place, 'tmp'))
  chmodSync(join(place, 'tmp'), 0o1777)
  mkdirSync(join(place, 'relay'), { mode: 0o711 })
}
