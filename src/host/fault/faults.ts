import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { dirname } from 'node:path'
import { text } from 'node:stream/consumers'
import { z } from 'zod'
import {
  type FaultAnswer,
  faultRequest,
  type HostFault,
  radius,
} from '#contract/experiment/fault.ts'
import { FairleadError } from '#contract/errors.ts'
import { helperEnvironment } from '#platform/process/program.ts'
import { selfCommand } from '#platform/self.ts'
import { steadyMs } from '../steady-clock.ts'
import type { Release } from '../release.ts'
import { choose } from './choose.ts'
import type { Injection } from './inject.ts'
import { Journal } from './journal.ts'
import { listFaults } from './list.ts'
import { ensureGuardian } from './start-guardian.ts'

/** Milliseconds between two looks whether a guardian is missing. */
const everyMs = 500

const answer = z.union([z.object({ radius }), z.object({ problem: z.string() })])

export interface FaultsOptions {
  /** The folder of the host. */
  folder: string
  /** Identifies the host in the markers of its processes. */
  id: string
  random(): number
  log(message: string, fields?: Record<string, unknown>): void
  /** The release with the traffic of an environment. */
  live(app: string, environment: string): Release | undefined
}

/** Makes faults on this host, each by a process of its own, and keeps a guardian running. */
export class Faults {
  readonly #options: FaultsOptions
  readonly #journal: Journal
  #timer: NodeJS.Timeout | undefined

  constructor(options: FaultsOptions) {
    this.#options = options
    this.#journal = new Journal(options.folder)
  }

  start(): void {
    this.#guard()
    clearInterval(this.#timer)
    this.#timer = setInterval(() => this.#guard(), everyMs)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Starts a guardian when a fault has none. */
  #guard(): void {
    try {
      if (this.#journal.open().length > 0) ensureGuardian(this.#journal, this.#options.folder)
    } catch (error) {
      this.#options.log('faults have no guardian', { error: (error as Error).message })
    }
  }

  list(): HostFault[] {
    return listFaults(this.#journal)
  }

  /** Resolves when the fault exists; with `isPlan`, when it is found to be possible. */
  async make(app: string, environment: string, request: unknown): Promise<FaultAnswer> {
    const asked = faultRequest.parse(request)
    const live = this.#options.live(app, environment)
    if (!live) throw new FairleadError('not_now', { why: 'No release is live here' })
    const all = live.faultTarget(asked.service)
    const target = choose(all, asked.instances, this.#options.random)
    if (!asked.isPlan) ensureGuardian(this.#journal, this.#options.folder)
    const marker = `fault/${this.#options.id}/${randomBytes(8).toString('hex')}/${asked.id}`
    const found = await this.#inject({ ...asked, target, marker })
    if ('problem' in found) throw new FairleadError('not_now', { why: sentence(found.problem) })
    return found
  }

  async #inject(injection: Injection): Promise<z.infer<typeof answer>> {
    const [node, ...args] = selfCommand('injector')
    const child = spawn(node, args, {
      // It outlives this host, which cannot end it in the middle of an injection.
      ...{ cwd: '/', detached: true, stdio: ['pipe', 'pipe', 'ignore'] },
      env: {
        ...helperEnvironment(),
        ...{ FAIRLEAD_HOME: dirname(this.#options.folder), FAIRLEAD_PROCESS: injection.marker },
      },
    })
    child.on('error', () => undefined)
    child.stdin.on('error', () => undefined)
    child.stdin.end(JSON.stringify(injection))
    const output = await text(child.stdout)
    if (output === '') return { problem: 'the injector was killed' }
    return answer.parse(JSON.parse(output))
  }

  /** Throws when the fault is not there, or is being undone. */
  renew(id: string, lease: number): void {
    if (!this.#journal.isArmed(id)) throw new FairleadError('not_found', { kind: 'fault', id })
    this.#journal.renew(id, steadyMs() + lease)
  }

  /** Begins the undo; `list` shows when it is done. Does nothing for a fault that is undone. */
  undo(id: string, reason: string): void {
    this.#journal.beginUndo(id, reason)
    this.#guard()
  }
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
