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
import { bandPacket, flushPacket, packet, readAnswer } from './packet.ts'

export interface GitHttpOptions {
  /** the folder of the bare repositories, `APP.git` each */
  repositories: string
  /** who asks, and may they; `null` asks for a password, which is a token */
  authorize(
    request: IncomingMessage,
    app: string,
    wants: 'read' | 'write',
    address: string,
  ): Promise<{ name: string; by: By; allowed: boolean } | null>
  /**
   * stores what was pushed and answers the lines the developer reads; throws when it could not be
   * stored
   */
  onReceived(app: string, actor: Actor): Promise<string[]>
  log: Logger
  /** bytes that one push may have; default 2 GB */
  largestPush?: number
}

type Service = 'git-upload-pack' | 'git-receive-pack'
const isService = (text: string | null): text is Service =>
  text === 'git-upload-pack' || text === 'git-receive-pack'

interface Asked {
  service: Service
  /** the first request of two: what is there */
  isAdvertisement: boolean
  app: string
  repository: string
  request: IncomingMessage
  response: ServerResponse
}

/**
 * Git's smart HTTP protocol, served by git itself: `handle(request, response, app, rest)` with rest
 * such as `/info/refs`. A push is acknowledged only after `onReceived`, so that what the developer
 * was told is stored.
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
      // Whoever hangs up in the middle is no news.
      if (request.destroyed && !request.complete) return void response.destroy()
      options.log.warn('a git request broke off', {
        app: app.slice(0, 60),
        error: (error as Error).message,
      })
      if (response.headersSent) return void response.destroy()
      const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
      if (isMissing)
        return say(response, 500, 'git is not installed on the machine that runs Fairlead.')
      say(response, 500, 'Something broke inside Fairlead; try again in a moment.')
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
    return say(response, 404, 'Only git itself is answered here (smart HTTP).')
  if (request.method !== (isAdvertisement ? 'GET' : 'POST'))
    return say(response, 405, 'Git asks in another way.')
  const caller = await options.authorize(
    request,
    app,
    service === 'git-receive-pack' ? 'write' : 'read',
    address,
  )
  if (!caller) {
    response.setHeader('www-authenticate', 'Basic realm="Fairlead", charset="UTF-8"')
    return say(
      response,
      401,
      'Sign in with any user name and a token as the password (fairlead tokens create).',
    )
  }
  if (!caller.allowed)
    return say(
      response,
      403,
      'Your token may not do this; a push needs the role developer for the app, a fetch viewer.',
    )
  const repository = join(options.repositories, `${app}.git`)
  if (!/^[a-z0-9-]{1,40}$/.test(app) || !existsSync(repository)) {
    const shown = app.replace(/[^\x21-\x7e]/g, '?').slice(0, 60)
    return say(
      response,
      404,
      `There is no app ${shown} here. Register it first: fairlead up, or fairlead apps create.`,
    )
  }
  response.setHeader('cache-control', 'no-cache')
  const asked = { service, isAdvertisement, app, repository, request, response }
  if (isAdvertisement) return advertise(options, asked)
  return service === 'git-upload-pack'
    ? upload(options, asked)
    : receive(options, asked, { name: caller.name, by: caller.by })
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
  { service, isAdvertisement, repository, request, response }: Asked,
): Running {
  const version = request.headers['git-protocol']
  const isVersion = typeof version === 'string' && /^[\w=:.-]{1,100}$/.test(version)
  const env = { ...gitEnvironment(), ...(isVersion ? { GIT_PROTOCOL: version } : {}) }
  const limit = ['-c', `receive.maxInputSize=${options.largestPush ?? 2 * 1024 ** 3}`]
  const mode = isAdvertisement ? ['--stateless-rpc', '--advertise-refs'] : ['--stateless-rpc']
  const child = spawn('git', [...limit, service.slice(4), ...mode, repository], {
    env,
    stdio: 'pipe',
  })
  child.stderr.resume()
  // A broken pipe shows as the end of git, which is waited for.
  child.stdin.on('error', () => undefined)
  if (service === 'git-upload-pack') response.once('close', () => child.kill())
  const ended = new Promise<void>((resolve, reject) =>
    child.once('error', reject).once('close', () => resolve()),
  )
  ended.catch(() => undefined)
  return { child, ended }
}

async function advertise(options: GitHttpOptions, asked: Asked): Promise<void> {
  const { service, request, response } = asked
  const { child, ended } = start(options, asked)
  child.stdin.end()
  await started(child, ended)
  response.writeHead(200, { 'content-type': `application/x-${service}-advertisement` })
  const isVersion2 =
    service === 'git-upload-pack' && /version=2/.test(String(request.headers['git-protocol'] ?? ''))
  if (!isVersion2) response.write(Buffer.concat([packet(`# service=${service}\n`), flushPacket]))
  await pipeline(child.stdout, response)
}

async function upload(options: GitHttpOptions, asked: Asked): Promise<void> {
  const { child, ended } = start(options, asked)
  await started(child, ended)
  asked.response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' })
  await Promise.all([feed(asked.request, child), pipeline(child.stdout, asked.response)])
}

async function receive(options: GitHttpOptions, asked: Asked, actor: Actor): Promise<void> {
  const { app, request, response } = asked
  const { child, ended } = start(options, asked)
  await started(child, ended)
  response.writeHead(200, { 'content-type': 'application/x-git-receive-pack-result' })
  const answer = readAnswer()
  const read = async (): Promise<void> => {
    for await (const chunk of child.stdout) response.write(answer.read(chunk as Buffer))
  }
  await Promise.all([read(), feed(request, child)])
  await ended
  response.end(await acknowledge(options, app, actor, answer.hasBands(), answer.rest()))
}

/**
 * The end of a push: what happens now and git's own word for it, or the sentence why it is not
 * stored yet.
 */
async function acknowledge(
  options: GitHttpOptions,
  app: string,
  actor: Actor,
  hasBands: boolean,
  rest: Buffer,
): Promise<Buffer> {
  try {
    const lines = await options.onReceived(app, actor)
    if (!hasBands) return rest
    return Buffer.concat([...lines.map((line) => bandPacket('progress', line)), rest])
  } catch (error) {
    const { message } = error as Error
    options.log.error('a push could not be stored; the reconciliation finds it again', {
      app,
      error: message,
    })
    const isGone = error instanceof FairleadError && error.code === 'not_found'
    const sentence = isGone
      ? `There is no app ${app} any more.`
      : 'Fairlead has the commits, but cannot store the change now. It is delivered by itself when the database answers again.'
    // Without side bands an answer that is cut off is the only way to say no.
    return hasBands ? Buffer.concat([bandPacket('fatal', sentence), flushPacket]) : Buffer.alloc(0)
  }
}

async function started(child: ChildProcessWithoutNullStreams, ended: Promise<void>): Promise<void> {
  if (child.pid === undefined) await ended
}

/**
 * The request's body into git, unpacked, at git's pace. When git has heard enough it closes its
 * end, which is no error.
 */
async function feed(
  request: IncomingMessage,
  child: ChildProcessWithoutNullStreams,
): Promise<void> {
  const unpack: Transform =
    request.headers['content-encoding'] === 'gzip' ? createGunzip() : new PassThrough()
  const cutOff = (): void => {
    if (!request.complete) unpack.destroy(new Error('the client hung up'))
  }
  request.once('close', cutOff)
  request.pipe(unpack)
  try {
    await pipeline(unpack, child.stdin)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EPIPE' && code !== 'ERR_STREAM_PREMATURE_CLOSE') {
      child.kill()
      throw error
    }
    // The client reads its answer only after it has sent all.
    request.unpipe(unpack)
    request.resume()
  } finally {
    request.off('close', cutOff)
  }
}

/** Git shows a plain text answer to the developer. */
function say(response: ServerResponse, status: number, sentence: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' })
  response.end(`${sentence}\n`)
}
