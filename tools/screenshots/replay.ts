import { existsSync, readFileSync, statSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import mime from 'mime'
import type { Recording } from './recording.ts'

const consoleFolder = fileURLToPath(new URL('../../dist/console', import.meta.url))
const fontFolder = join(
  dirname(createRequire(import.meta.url).resolve('dejavu-fonts-ttf/package.json')),
  'ttf',
)

const face = (family: string, weight: number, file: string): string =>
  `@font-face{font-family:'${family}';font-weight:${weight};src:url(/test-fonts/${file}.ttf)}`

/** The same fonts on every machine, and no motion: what a layout depends on besides the data. */
const style = `<style>
${face('Text', 400, 'DejaVuSans')}${face('Text', 700, 'DejaVuSans-Bold')}
${face('Code', 400, 'DejaVuSansMono')}${face('Code', 700, 'DejaVuSansMono-Bold')}
*{font-family:Text!important;font-style:normal!important;caret-color:transparent!important}
.font-mono,.font-mono *,code,code *,pre,pre *{font-family:Code!important}
*,::before,::after{animation:none!important;transition:none!important}
</style></head>`

export interface Replay {
  url: string
  /** Answers from a recording from now on. */
  show(recording: Recording): void
  /** the recorded addresses that the page has not asked for since `show` */
  missing(): string[]
  /** the addresses that it has asked for, and that are not recorded */
  unknown(): string[]
  /** whether this address stays open */
  isStream(url: string): boolean
  close(): Promise<void>
}

/** A server that serves the built console, and answers its requests from a recording. */
export async function startReplay(): Promise<Replay> {
  let shown: Recording = { path: '/', at: 0, answers: {}, streams: {} }
  let asked = new Set<string>()
  const answer = (path: string, response: ServerResponse): void => {
    asked.add(path)
    // The console corrects its clock by this header.
    response.setHeader('date', new Date(shown.at).toUTCString())
    const stream = shown.streams[path]
    if (stream !== undefined) {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(`: opened\n\n${stream}`)
      return
    }
    const { status, body } = shown.answers[path] ?? { status: 404, body: '{}' }
    response.writeHead(status, {
      'content-type': status < 400 ? 'application/json' : 'application/problem+json',
    })
    response.end(body)
  }
  const server = createServer((request, response) => {
    const path = request.url ?? '/'
    if (path.startsWith('/api/')) answer(path, response)
    else sendFile(new URL(path, 'http://localhost').pathname, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const recorded = (): string[] => [...Object.keys(shown.answers), ...Object.keys(shown.streams)]
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    show: (recording) => {
      shown = recording
      asked = new Set()
    },
    missing: () => recorded().filter((path) => !asked.has(path)),
    isStream: (url) => {
      const { pathname, search } = new URL(url)
      return shown.streams[`${pathname}${search}`] !== undefined
    },
    unknown: () => [...asked].filter((path) => !recorded().includes(path)),
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

function sendFile(path: string, response: ServerResponse): void {
  const file = path.startsWith('/test-fonts/')
    ? join(fontFolder, path.slice('/test-fonts/'.length))
    : join(consoleFolder, path)
  const isFile = existsSync(file) && statSync(file).isFile()
  response.setHeader('content-type', (isFile ? mime.getType(file) : null) ?? 'text/html')
  if (isFile && !file.endsWith('index.html')) return void response.end(readFileSync(file))
  const page = readFileSync(join(consoleFolder, 'index.html'), 'utf8')
  response.end(page.replace('</head>', style))
}
