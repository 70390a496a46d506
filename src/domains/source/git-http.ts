import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { gitEnvironment } from '#platform/git.ts'
import type { Logger } from '#platform/log.ts'
import { flushPacket, packet, progressPackets } from './packet.ts'

export interface GitHttpOptions {
  /** the folder of the bare repositories, `APP.git` each */
  repositories: string
  /** who asks, and may they; `null` asks for a password, which is a token */
  authorize(request: IncomingMessage, wants: 'read' | 'write'): Promise<{ name: string; allowed: boolean } | null>
  /** stores what was pushed and answers the lines the developer reads; throws when it could not be stored */
  onReceived(app: string, actor: string): Promise<string[]>
  log: Logger
}

type Service = 'git-upload-pack' | 'git-receive-pack'
const isService = (text: string | null): text is Service => text === 'git-upload-pack' || text === 'git-receive-pack'

/** Bytes of receive-pack's own answer that are kept until the change is stored. */
const answerLimit = 8 * 1024 * 1024

/**
 * Git's smart HTTP protocol, served by git itself: `handle(request, response, app, rest)` with rest such as `/info/refs`.
 * A push is acknowledged only after `onReceived`, so that what the developer was told is stored.
 */
export function createGitHttp(options: GitHttpOptions) {
  return (request: IncomingMessage, response: ServerResponse, app: string, rest: string): void => {
    handle(options, request, response, app, rest).catch((error: unknown) => {
      options.log.warn('a git request broke off', { app, error: (error as Error).message })
      if (!response.headersSent) say(response, 500, 'Something broke inside Fairlead; the push can be repeated.')
      else response.destroy()
    })
  }
}

async function handle(
  options: GitHttpOptions,
  request: IncomingMessage,
  response: ServerResponse,
  app: string,
  rest: string,
): Promise<void> {
  const url = new URL(
    rest + (request.url?.includes('?') ? request.url.slice(request.url.indexOf('?')) : ''),
    'http://git',
  )
  const service = url.pathname === '/info/refs' ? url.searchParams.get('service') : url.pathname.slice(1)
  const isAdvertisement = url.pathname === '/info/refs'
  if (!isService(service)) return say(response, 404, 'Only git itself is answered here (smart HTTP).')
  if (request.method !== (isAdvertisement ? 'GET' : 'POST')) return say(response, 405, 'Git asks in another way.')
  const caller = await options.authorize(request, service === 'git-receive-pack' ? 'write' : 'read')
  if (!caller) {
    response.setHeader('www-authenticate', 'Basic realm="Fairlead", charset="UTF-8"')
    return say(response, 401, 'Sign in with any user name and a token as the password (fairlead tokens create).')
  }
  if (!caller.allowed) return say(response, 403, 'Your token may not do this; a push needs the role developer.')
  const repository = join(options.repositories, `${app}.git`)
  if (!/^[a-z0-9-]{1,40}$/.test(app) || !existsSync(repository)) {
    return say(
      response,
      404,
      `There is no app ${app.slice(0, 60)} here. Register it first: fairlead up, or fairlead apps create.`,
    )
  }
  response.setHeader('cache-control', 'no-cache')
  if (isAdvertisement) return advertise(service, repository, request, response)
  return service === 'git-upload-pack'
    ? upload(repository, request, response)
    : receive(options, repository, app, caller.name, request, response)
}

function run(service: Service, repository: string, request: IncomingMessage, more: string[]) {
  const version = request.headers['git-protocol']
  const env = {
    ...gitEnvironment(),
    ...(typeof version === 'string' && /^[\w=:.-]{1,100}$/.test(version) ? { GIT_PROTOCOL: version } : {}),
  }
  return spawn('git', [service.slice(4), '--stateless-rpc', ...more, repository], {
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
}

async function advertise(
  service: Service,
  repository: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const child = run(service, repository, request, ['--advertise-refs'])
  child.stdin.end()
  child.stderr.resume()
  response.writeHead(200, { 'content-type': `application/x-${service}-advertisement` })
  const isVersion2 = service === 'git-upload-pack' && /version=2/.test(String(request.headers['git-protocol'] ?? ''))
  if (!isVersion2) response.write(Buffer.concat([packet(`# service=${service}\n`), flushPacket]))
  await pipeline(child.stdout, response)
}

async function upload(repository: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const child = run('git-upload-pack', repository, request, [])
  child.stderr.resume()
  response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' })
  response.once('close', () => child.kill())
  await Promise.all([feed(request, child.stdin), pipeline(child.stdout, response)])
}

async function receive(
  options: GitHttpOptions,
  repository: string,
  app: string,
  actor: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const child = run('git-receive-pack', repository, request, [])
  child.stderr.resume()
  const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
  const [answer] = await Promise.all([collect(child.stdout), feed(request, child.stdin)])
  await ended
  let lines: string[]
  try {
    lines = await options.onReceived(app, actor)
  } catch (error) {
    options.log.error('a push could not be stored; it is found again by the reconciliation', {
      app,
      error: (error as Error).message,
    })
    return say(
      response,
      503,
      'The commits arrived, but could not be stored as a change. They are delivered when the database answers again.',
    )
  }
  response.writeHead(200, { 'content-type': 'application/x-git-receive-pack-result' })
  response.end(Buffer.concat([...progressPackets(answer, lines), answer]))
}

/** The request's body into git, unpacked, at git's pace. When git has heard enough it closes its end, which is no error. */
async function feed(request: IncomingMessage, stdin: NodeJS.WritableStream): Promise<void> {
  const body: Readable = request.headers['content-encoding'] === 'gzip' ? request.pipe(createGunzip()) : request
  await pipeline(body, stdin).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error
  })
}

async function collect(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size <= answerLimit) chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** Git shows a plain text answer to the developer. */
function say(response: ServerResponse, status: number, sentence: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' })
  response.end(`${sentence}\n`)
}
