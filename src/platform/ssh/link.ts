import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { FairleadError } from '#contract/errors.ts'
import { isAlive } from '#platform/oci/layout.ts'
import { connectMaster, type MasterOptions, pinned } from './master.ts'
import { pipeProgram } from './pipe.ts'
import { connectionError, optionsOf, runProgram, shellCommand, type SshResult } from './ssh.ts'

/** `failed`: only a person can help, and the reason says how. */
export type LinkState = 'connecting' | 'connected' | 'unreachable' | 'failed'

export interface LinkReport {
  state: LinkState
  /** one sentence without its full stop; null while it is connected or connects first */
  reason: string | null
  /** milliseconds since 1970 */
  since: number
}

export interface LinkOptions extends Omit<MasterOptions, 'knownHosts' | 'alias' | 'control'> {
  /** names it among the links of this process */
  name: string
  /** its public key, without a name */
  hostKey: string
  /** a short path */
  folder: string
  now(): number
  random(): number
  /** Prepares the machine after each connection; the link counts as connected after that. */
  prepare(link: SshLink): Promise<void>
  onChange(report: LinkReport): void
}

/** Milliseconds between two tries to connect: doubled each time. */
const pauses = { first: 500, most: 30_000 }
/** TCP connections that are forwarded at once. */
const mostForwards = 32

/** A supervised connection to a machine: when it ends, it is made again. */
export class SshLink {
  readonly #options: LinkOptions
  readonly #master: MasterOptions
  #report: LinkReport
  /** the local port by the address there */
  #forwards = new Map<string, Promise<number>>()
  #isOpen = false

  constructor(options: LinkOptions) {
    const { folder, name } = options
    this.#options = options
    this.#master = {
      ...options,
      alias: `fairlead-${name}`,
      knownHosts: join(folder, `${name}.key`),
      control: join(folder, `${name}.ctl`),
    }
    writeFileSync(this.#master.knownHosts, `fairlead-${name} ${options.hostKey}\n`)
    this.#report = { state: 'connecting', reason: null, since: options.now() }
  }

  report(): LinkReport {
    return this.#report
  }

  /** Connects, and connects again whenever the connection ends, until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { random } = this.#options
    for (let tries = 0; !signal.aborted; tries += 1) {
      const began = performance.now()
      this.#set(await this.#connectOnce(signal))
      if (performance.now() - began > pauses.most) tries = 0
      const pause = Math.min(pauses.first * 2 ** Math.min(tries, 10), pauses.most)
      await sleep(pause * (0.75 + random() / 2), undefined, { signal }).catch(() => undefined)
    }
  }

  /** Returns why the connection could not be made, or ended. */
  async #connectOnce(signal: AbortSignal): Promise<Error> {
    let stop = (): void => undefined
    const end = (): void => stop()
    signal.addEventListener('abort', end)
    try {
      const master = await connectMaster(this.#master)
      stop = master.stop
      if (signal.aborted) throw new Error('the server ends')
      this.#isOpen = true
      const problem = await Promise.race([this.#options.prepare(this), master.ended])
      if (problem instanceof Error) return problem
      this.#set(null)
      return await master.ended
    } catch (error) {
      return error as Error
    } finally {
      this.#isOpen = false
      this.#forwards.clear()
      signal.removeEventListener('abort', end)
      stop()
    }
  }

  #set(error: Error | null): void {
    const state = stateOf(error)
    const reason = error === null ? null : error.message.replace(/\.$/, '')
    if (state === this.#report.state && reason === this.#report.reason) return
    this.#report = { state, reason, since: this.#options.now() }
    this.#options.onChange(this.#report)
  }

  /** Runs a script with `sh` on the machine, over the connection; `$1` and so on are `args`. */
  execute(script: string, args: readonly string[] = [], input = ''): Promise<SshResult> {
    return this.#client(['--', this.#master.destination, shellCommand(script, args)], input)
  }

  /** Runs a script whose input is the output of a program here, such as an archive of tar. */
  async send(from: [string, ...string[]], script: string, args: readonly string[]): Promise<void> {
    const { settings, destination } = this.#master
    const command = [...this.#shared(), '--', destination, shellCommand(script, args)]
    const problem = await pipeProgram(settings.env, from, ['ssh', ...command])
    if (problem === null) return
    throw new FairleadError('not_now', { why: `${destination} did not take the files: ${problem}` })
  }

  /** Forwards a port of 127.0.0.1 to an address there, while the connection lasts. */
  async forward(to: string): Promise<number> {
    const known = this.#forwards.get(to)
    if (known) return known
    const opened = this.#openForward(to)
    this.#forwards.set(to, opened)
    opened.catch(() => this.#forwards.delete(to))
    const [oldest, port] = [...this.#forwards][0] ?? []
    if (this.#forwards.size > mostForwards && oldest !== undefined && port) {
      this.#forwards.delete(oldest)
      void this.#control('cancel', await port, oldest).catch(() => undefined)
    }
    return opened
  }

  async #openForward(to: string): Promise<number> {
    const port = await freePort()
    const { code, stderr } = await this.#control('forward', port, to)
    if (code !== 0) throw connectionError(this.#master.destination, stderr)
    return port
  }

  #control(what: 'forward' | 'cancel', port: number, to: string): Promise<SshResult> {
    const forward = ['-O', what, '-L', `127.0.0.1:${port}:${to}`]
    return this.#client([...forward, '--', this.#master.destination])
  }

  async #client(args: string[], input = ''): Promise<SshResult> {
    const { settings, destination } = this.#master
    const result = await runProgram(settings, 'ssh', [...this.#shared(), ...args], input)
    if (result.code === 255) throw connectionError(destination, result.stderr)
    return result
  }

  /** The options of a client that shares the connection. */
  #shared(): string[] {
    const { settings, destination } = this.#master
    if (!this.#isOpen)
      throw new FairleadError('unavailable', { what: `The machine ${destination}` })
    return optionsOf(settings, [...pinned(this.#master), 'ControlMaster=no'])
  }
}

function stateOf(error: Error | null): LinkState {
  if (error === null) return 'connected'
  const isAway = error instanceof FairleadError && error.code === 'unavailable'
  return isAway ? 'unreachable' : 'failed'
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })

const folderStart = 'fairlead-hosts-'

/** A private folder with a short path for the links of this process; removes those of dead ones. */
export function linkFolder(): string {
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(folderStart) ? Number(name.split('-')[2]) : NaN
    if (Number.isInteger(pid) && !isAlive(pid))
      rmSync(join(tmpdir(), name), { recursive: true, force: true })
  }
  const folder = mkdtempSync(join(tmpdir(), `${folderStart}${process.pid}-`))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}
