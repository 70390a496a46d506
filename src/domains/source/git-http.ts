import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { PassThrough, type Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { FairleadError } from '#contract/errors.ts'
import type { Actor, By } from '#contract/event/event.ts'
import { gitEnvironment } from '#platform/git/git.ts'
import type { Logger } from '#platform/log.ts'
import {
  type AnswerReader,
  bandPacket,
  flushPacket,
  packet,
  readAnswer,
  readCommands,
} from './packet.ts'
import type { Person, Push } from './push.ts'
import { programOf } from '#platform/process/program.ts'

export interface GitHttpOptions {
  /** folder of the bare repositories, named `APP.git` */
  repositories: string
  /** authenticates and authorizes a request; null requests a token, sent as the password */
  authorize(
    request: IncomingMessage,
    app: string,
    wants: 'read' | 'write',
    address: string,
  ): Promise<{ name: string; by: By; person: Person | null; allowed: boolean } | null>
  /** returns why an app takes no push, or null */
  refusePush(app: string): Promise<string | null>
  /**
   * Stores a push and returns the lines that the developer reads. Throws when the push could not be
   * stored.
   */
  onReceived(app: string, actor: Actor, pushes: Push[]): Promise<string[]>
  log: Logger
  /** size limit of a push in bytes; default 2 GB */
  largestPush?: number
  /** size limit of the request of a fetch in bytes, decompressed; default 32 MB */
  largestFetch?: number
}

type Service = 'git-upload-pack' | 'git-receive-pack'
const isService = (text: string | null): text is Service =>
  text === 'git-upload-pack' || text === 'git-receive-pack'

interface GitRequest {
  service: Service
  /** the first of two requests, which lists the refs */
  isAdvertisement: boolean
  app: string
  repository: string
  request: IncomingMessage
  response: ServerResponse
}

/**
 * Serves git's smart HTTP protocol (gitprotocol-http) through git itself. `rest` is the path after
 * the repository, such as `/info/refs`. A push is acknowledged after `onReceived`, so that every
 * acknowledged push is stored.
 */
export function createGitHttp(options: GitHttpOptions) {
  return (
    request: IncomingMessage,
    response: ServerResponse,
    app: string,
    rest: string,
    address = '',
  ): void => {
    handle(options, request, response, app, rest, address).catch((error: unknown) => {
      // A client that disconnects is not worth a log entry.
      if (request.destroyed && !request.complete) return void response.destroy()
      options.log.warn('a git request failed', {
        app: app.slice(0, 60),
        error: (error as Error).message,
      })
      if (response.headersSent) return void response.destroy()
      response.setHeader('connection', 'close')
      if (error instanceof TooLarge) return sendText(response, 413, error.message)
      const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
      if (isMissing)
        return sendText(response, 500, 'git is not installed on the machine that runs Fairlead.')
      sendText(response, 500, 'An internal error occurred; try again in a moment.')
    })
  }
}

async function handle(
  options: GitHttpOptions,
  request: IncomingMessage,
  response: ServerResponse,
  app: string,
  rest: string,
  address: string,
): Promise<void> {
  const path = rest.split('?')[0]
  const isAdvertisement = path === '/info/refs'
  const service = isAdvertisement ? queryOf(request).get('service') : (path ?? '').slice(1)
  if (!isService(service))
    return sendText(response, 404, 'This address serves git only (smart HTTP).')
  if (request.method !== (isAdvertisement ? 'GET' : 'POST'))
    return sendText(response, 405, 'This method is not part of the smart HTTP protocol of git.')
  const caller = await options.authorize(
    request,
    app,
    service === 'git-receive-pack' ? 'write' : 'read',
    address,
  )
  if (!caller) {
    response.setHeader('www-authenticate', 'Basic realm="Fairlead", charset="UTF-8"')
    return sendText(
      response,
      401,
      'Sign in with any user name and a token as the password (fairlead tokens create).',
    )
  }
  if (!caller.allowed)
    return sendText(
      response,
      403,
      'Your token lacks permission: a push requires the role developer, a fetch viewer.',
    )
  const repository = join(options.repositories, `${app}.git`)
  if (!/^[a-z0-9-]{1,40}$/.test(app) || !existsSync(repository)) {
    const shown = app.replace(/[^\x21-\x7e]/g, '?').slice(0, 60)
    return sendText(
      response,
      404,
      `There is no app ${shown}. Register it with fairlead up or fairlead apps create.`,
    )
  }
  // While the database does not answer, the push fails later, when it is to be stored.
  const refused =
    service === 'git-receive-pack' ? await options.refusePush(app).catch(() => null) : null
  if (refused !== null) return sendText(response, 403, refused)
  response.setHeader('cache-control', 'no-cache')
  const git = { service, isAdvertisement, app, repository, request, response }
  if (isAdvertisement) {
    // A repeated push whose acknowledgement was lost finds its ref up to date, and ends here.
    if (service === 'git-receive-pack')
      await options.onReceived(app, 'fairlead', []).catch(() => undefined)
    return advertise(options, git)
  }
  return service === 'git-upload-pack' ? upload(options, git) : receive(options, git, caller)
}

const queryOf = (request: IncomingMessage): URLSearchParams =>
  new URLSearchParams(request.url?.split('?').slice(1).join('?') ?? '')

interface Running {
  child: ChildProcessWithoutNullStreams
  /** rejects when git could not be started */
  ended: Promise<void>
}

function start(
  options: GitHttpOptions,
  { service, isAdvertisement, repository, request, response }: GitRequest,
): Running {
  const version = request.headers['git-protocol']
  const isVersion = typeof version === 'string' && /^[\w=:.-]{1,100}$/.test(version)
  const env = { ...gitEnvironment(), ...(isVersion ? { GIT_PROTOCOL: version } : {}) }
  const limit = ['-c', `receive.maxInputSize=${options.largestPush ?? 2 * 1024 ** 3}`]
  const mode = isAdvertisement ? ['--stateless-rpc', '--advertise-refs'] : ['--stateless-rpc']
  const child = spawn(programOf('git'), [...limit, service.slice(4), ...mode, repository], {
    env,
    stdio: 'pipe',
  })
  child.stderr.resume()
  // A broken pipe shows as the exit of git, which is awaited.
  child.stdin.on('error', () => undefined)
  if (service === 'git-upload-pack') response.once('close', () => child.kill())
  const ended = new Promise<void>((resolve, reject) =>
    child.once('error', reject).once('close', () => resolve()),
  )
  ended.catch(() => undefined)
  return { child, ended }
}

async function advertise(options: GitHttpOptions, git: GitRequest): Promise<void> {
  const { service, request, response } = git
  const { child, ended } = start(options, git)
  child.stdin.end()
  await started(child, ended)
  response.writeHead(200, { 'content-type': `application/x-${service}-advertisement` })
  const isVersion2 =
    service === 'git-upload-pack' && /version=2/.test(String(request.headers['git-protocol'] ?? ''))
  if (!isVersion2) response.write(Buffer.concat([packet(`# service=${service}\n`), flushPacket]))
  await pipeline(child.stdout, response)
}

async function upload(options: GitHttpOptions, git: GitRequest): Promise<void> {
  const { child, ended } = start(options, git)
  await started(child, ended)
  // Sent with the first byte of the answer, so that a refusal can be sent instead.
  git.response.setHeader('content-type', 'application/x-git-upload-pack-result')
  const look = atMost(options.largestFetch ?? 32 * 1024 * 1024)
  await Promise.all([feed(git.request, child, look), pipeline(child.stdout, git.response)])
}

/** The user of a push. */
interface Pusher {
  name: string
  by: By
  person: Person | null
}

class TooLarge extends Error {
  override name = 'TooLarge'
}

/**
 * Git keeps what a fetch asks for in memory, and a compressed request can become a thousand times
 * as large.
 */
function atMost(limit: number): (chunk: Buffer) => void {
  let size = 0
  return (chunk) => {
    size += chunk.length
    if (size > limit)
      throw new TooLarge(`The request is larger than ${Math.round(limit / 1024 / 1024)} MB.`)
  }
}

async function receive(
  options: GitHttpOptions,
  git: GitRequest,
  { name, by, person }: Pusher,
): Promise<void> {
  const { app, request, response } = git
  const { child, ended } = start(options, git)
  await started(child, ended)
  response.writeHead(200, { 'content-type': 'application/x-git-receive-pack-result' })
  const answer = readAnswer()
  const read = async (): Promise<void> => {
    for await (const chunk of child.stdout) response.write(answer.read(chunk as Buffer))
  }
  const commands = readCommands()
  await Promise.all([read(), feed(request, child, commands.read)])
  await ended
  const pushes = commands.list().map((command) => ({ ...command, person }))
  const store = () => options.onReceived(app, { name, by }, pushes)
  response.end(await acknowledge(options, app, store, answer))
}

/**
 * Builds the end of the answer to a push: the lines for the developer and git's acknowledgement, or
 * the sentence why the push is not stored yet.
 */
async function acknowledge(
  options: GitHttpOptions,
  app: string,
  store: () => Promise<string[]>,
  answer: AnswerReader,
): Promise<Buffer> {
  const [hasBands, rest] = [answer.hasBands(), answer.rest()]
  try {
    const lines = await store()
    if (!hasBands) return rest
    return Buffer.concat([...lines.map((line) => bandPacket('progress', line)), rest])
  } catch (error) {
    const { message } = error as Error
    options.log.error('a push could not be stored; the next check of the repository finds it', {
      app,
      error: message,
    })
    const isGone = error instanceof FairleadError && error.code === 'not_found'
    const sentence = isGone
      ? `The app ${app} was deleted.`
      : 'Fairlead has the commits, but its database is unavailable. It delivers them afterwards.'
    // Without side bands, a truncated answer is the only way to report a failure.
    return hasBands ? Buffer.concat([bandPacket('fatal', sentence), flushPacket]) : Buffer.alloc(0)
  }
}

async function started(child: ChildProcessWithoutNullStreams, ended: Promise<void>): Promise<void> {
  if (child.pid === undefined) await ended
}

/**
 * Decompresses the request body, passes it to `look`, and writes it to git, at git's pace. Git may
 * close its input before the end, which is not an error.
 */
async function feed(
  request: IncomingMessage,
  child: ChildProcessWithoutNullStreams,
  look: (chunk: Buffer) => void,
): Promise<void> {
  const unpack: Transform =
    request.headers['content-encoding'] === 'gzip' ? createGunzip() : new PassThrough()
  const cutOff = (): void => {
    if (!request.complete) unpack.destroy(new Error('the client disconnected'))
  }
  request.once('close', cutOff)
  request.pipe(unpack)
  try {
    await pipeline(
      unpack,
      async function* (source: AsyncIterable<Buffer>) {
        for await (const chunk of source) {
          look(chunk)
          yield chunk
        }
      },
      child.stdin,
    )
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EPIPE' && code !== 'ERR_STREAM_PREMATURE_CLOSE') {
      child.kill()
      throw error
    }
    // The client reads the answer only after it has sent the whole body.
    request.unpipe(unpack)
    request.resume()
  } finally {
    request.off('close', cutOff)
  }
}

/** Answers in plain text, which git shows to the developer. */
function sendText(response: ServerResponse, status: number, sentence: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' })
  response.end(`${sentence}\n`)
}
