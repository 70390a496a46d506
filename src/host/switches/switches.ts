import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { z } from 'zod'
import { FairleadError } from '#contract/errors.ts'
import {
  type HostSwitch,
  hostSwitchChange,
  type HostSwitches,
  hostSwitches,
  type HostSwitchReport,
  type HostSwitchRequest,
} from '#contract/host/switches.ts'
import { settingProblem } from '#platform/switch/evaluate.ts'
import { answerOfrep } from './ofrep.ts'
import type { SwitchPlace } from './place.ts'
import { fileText, settingsAfter, statesOf, type SwitchSource } from './states.ts'
import { type KeyedRequest, RolloutCounts } from './rollout-count.ts'
import { environmentOfToken, tokenOf } from './token.ts'

export interface SwitchServerOptions {
  /** Holds the settings, the key of the tokens, the port, and a folder for each environment. */
  folder: string
  /** Returns a free port of this machine. */
  freePort(): Promise<number>
  sources(): SwitchSource[]
  log(message: string, fields?: Record<string, unknown>): void
}

/** Names a switch of an environment. */
export interface SwitchName {
  app: string
  environment: string
  name: string
}

/** Serves switches to the services of this host, over OFREP and as files. */
export interface SwitchServer {
  /** Listens on the address of the last host process; nothing throws. */
  start(): Promise<void>
  stop(): void
  report(): HostSwitchReport
  /**
   * Begins a request to an environment (`APP/ENVIRONMENT`), whose headers the function reads; null
   * when no gradual change needs it.
   */
  begin(place: string, header: (name: string) => string): KeyedRequest | null
  set(wanted: HostSwitches): void
  list(app: string, environment: string): HostSwitch[]
  /** Changes a switch while no server answers. Throws when the switch cannot have the setting. */
  change(place: SwitchName, request: HostSwitchRequest): void
  /** The place of an environment, whose file is current. */
  place(app: string, environment: string): SwitchPlace
}

/** Milliseconds after which a file follows a release that starts, gets the traffic or ends. */
const tickMs = 500
const largestBody = 64 * 1024
const none: Kept = { version: '', settings: [], taken: [], changes: [] }

/** What is on disk: the last set of the server, and the changes since. */
const kept = hostSwitches.extend({ changes: z.array(hostSwitchChange).default([]) })
type Kept = z.infer<typeof kept>

export function createSwitches(options: SwitchServerOptions): SwitchServer {
  const { folder, sources, log } = options
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const secret = keptSecret(join(folder, 'key'))
  const settingsFile = join(folder, 'settings.json')
  const written = new Map<string, string>()
  let wanted = readSettings(settingsFile)
  const rollouts = new RolloutCounts(join(folder, 'rollouts.json'))
  const settings = () => settingsAfter(wanted.settings, wanted.changes)
  rollouts.set(settings())
  let server: Server | null = null
  let timer: NodeJS.Timeout | undefined
  const folderOf = (app: string, environment: string): string =>
    join(folder, 'environments', app, environment)
  const fileOf = (app: string, environment: string): string =>
    join(folderOf(app, environment), 'switches.json')
  const statesFor = (app: string, environment: string) => {
    const source = sources().find((one) => one.app === app && one.environment === environment)
    return statesOf(source ?? { app, environment, releases: [] }, {
      settings: settings(),
    })
  }
  const write = (app: string, environment: string): void => {
    const text = fileText(statesFor(app, environment))
    const file = fileOf(app, environment)
    if (written.get(file) === text && isThere(file)) return
    replaceShared(folderOf(app, environment), file, text)
    written.set(file, text)
  }
  const tick = (): void => {
    for (const { app, environment, releases } of sources()) {
      if (!releases.some((one) => Object.keys(one).length > 0)) continue
      try {
        write(app, environment)
      } catch (error) {
        // A full disk; the next tick tries again.
        const reason = (error as Error).message
        log('the file of switches cannot be written', { app, environment, reason })
      }
    }
    try {
      rollouts.save(replace)
    } catch (error) {
      log('the counts of switches cannot be kept', { reason: (error as Error).message })
    }
  }
  const keep = (next: Kept): void => {
    replace(settingsFile, JSON.stringify(next))
    wanted = next
    rollouts.set(settings())
    tick()
  }
  return {
    start: async () => {
      timer = setInterval(tick, tickMs)
      timer.unref()
      server = createServer((request, response) => {
        const find = (token: string) => {
          const found = environmentOfToken(secret, token)
          return found && statesFor(found.app, found.environment)
        }
        respond(request, response, find).catch(() => response.destroy())
      })
      await listenAgain(server, options).catch((error: Error) => {
        server = null
        log('switches are served as files only', { reason: error.message })
      })
    },
    stop: () => {
      clearInterval(timer)
      server?.close()
      server?.closeIdleConnections()
    },
    report: () => ({
      ...{ version: wanted.version, changes: wanted.changes },
      rollouts: rollouts.report(),
    }),
    begin: (place, header) => rollouts.begin(place, header),
    set: (next) => {
      const changes = wanted.changes.filter(({ id }) => !next.taken.includes(id))
      keep({ ...next, taken: [], changes })
    },
    list: (app, environment) =>
      [...statesFor(app, environment)].map(([name, state]) => ({ name, ...state })),
    change: ({ app, environment, name }, { setting, reason }) => {
      const state = statesFor(app, environment).get(name)
      if (!state) throw new FairleadError('not_found', { kind: 'switch', id: name })
      const problem = setting && settingProblem(state.definition, setting)
      if (problem) throw new FairleadError('invalid_input', { field: 'setting', problem })
      const id = randomBytes(8).toString('hex')
      const change = { id, app, environment, name, setting, reason, at: Date.now() }
      keep({ ...wanted, changes: [...wanted.changes, change] })
    },
    place: (app, environment) => {
      write(app, environment)
      const address = server?.address() as AddressInfo | null | undefined
      return {
        ...{ folder: folderOf(app, environment), file: fileOf(app, environment) },
        sdk: address
          ? {
              OFREP_ENDPOINT: `http://127.0.0.1:${address.port}`,
              OFREP_HEADERS: `Authorization=Bearer ${tokenOf(secret, app, environment)}`,
            }
          : {},
      }
    },
  }
}

/**
 * Listens on the port that running services know. The host that hands over listens on it, too,
 * until it leaves: the kernel divides new connections between both.
 */
async function listenAgain(
  server: Server,
  { folder, freePort }: Pick<SwitchServerOptions, 'folder' | 'freePort'>,
): Promise<void> {
  const file = join(folder, 'port')
  const listen = (port: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen({ port, host: '127.0.0.1', reusePort: true }, () => {
        server.off('error', reject)
        resolve()
      })
    })
  const kept = isThere(file) ? Number(readFileSync(file, 'utf8')) : 0
  if (kept > 0)
    try {
      return await listen(kept)
    } catch {
      // Something else has the port; services get the new one when they start.
    }
  const port = await freePort()
  await listen(port)
  replace(file, String(port))
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  find: Parameters<typeof answerOfrep>[1],
): Promise<void> {
  const body = await readBody(request)
  const key = request.headers['x-api-key']
  const answer =
    body === null
      ? { status: 413, headers: {}, body: { errorDetails: 'The body is larger than 64 KB' } }
      : answerOfrep(
          {
            method: request.method ?? '',
            path: (request.url ?? '').split('?')[0] ?? '',
            authorization: request.headers.authorization ?? (Array.isArray(key) ? key[0] : key),
            ifNoneMatch: request.headers['if-none-match'],
            body,
          },
          find,
        )
  const text = answer.body === null ? '' : JSON.stringify(answer.body)
  response.writeHead(answer.status, {
    ...answer.headers,
    ...(text === '' ? {} : { 'content-type': 'application/json' }),
    ...(answer.status === 304 ? {} : { 'content-length': Buffer.byteLength(text) }),
    ...(body === null ? { connection: 'close' } : {}),
  })
  response.end(text)
}

/** Returns null for a body that is too large. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > largestBody) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function readSettings(file: string): Kept {
  try {
    return kept.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return none
  }
}

function keptSecret(file: string): Buffer {
  if (!isThere(file)) replace(file, randomBytes(32).toString('hex'))
  return Buffer.from(readFileSync(file, 'utf8'), 'hex')
}

const isThere = (file: string): boolean => statSync(file, { throwIfNoEntry: false }) !== undefined

function replace(file: string, text: string, mode = 0o600): void {
  const draft = `${file}.${process.pid}.draft`
  rmSync(draft, { force: true })
  writeFileSync(draft, text, { mode })
  chmodSync(draft, mode)
  renameSync(draft, file)
}

/** The services have other users, and see this folder only; the folder of the host is private. */
function replaceShared(folder: string, file: string, text: string): void {
  mkdirSync(folder, { recursive: true })
  chmodSync(folder, 0o755)
  replace(file, text, 0o644)
}
