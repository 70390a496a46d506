import { type ChildProcess, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { certificateFor } from './certificate.ts'

/** A running Pebble, the test authority of Let's Encrypt. */
export interface Pebble {
  /** the address of its directory, and the authority of its own certificate as PEM */
  url: string
  ca: string
  /** Holds back the proof of names until the result is called; `asked` tells of the first one. */
  hold(): { asked: Promise<void>; release(): void }
  /** how many orders it accepted; it refuses one nonce in twenty, as RFC 8555 §6.5 allows */
  orders(): number
  stop(): void
}

/** Starts Pebble, as Debian has it, in a folder; it proves names at the given ports. */
export async function startPebble(
  folder: string,
  ports: { own: number; http: number; tls: number },
): Promise<Pebble> {
  const { chain, key } = certificateFor('localhost')
  const files = { certificate: join(folder, 'pebble.pem'), privateKey: join(folder, 'pebble.key') }
  writeFileSync(files.certificate, chain)
  writeFileSync(files.privateKey, key)
  const names = await startNames()
  const config = join(folder, 'pebble.json')
  const pebble = {
    ...{ listenAddress: `127.0.0.1:${ports.own}`, managementListenAddress: '' },
    ...files,
    ...{ httpPort: ports.http, tlsPort: ports.tls },
    domainBlocklist: ['blocked.example.com'],
    certificateValidityPeriod: 7_776_000,
  }
  writeFileSync(config, JSON.stringify({ pebble }))
  const child = spawn('pebble', ['-config', config, '-dnsserver', `127.0.0.1:${names.port}`], {
    env: { ...process.env, PEBBLE_VA_NOSLEEP: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let orders = 0
  child.stdout.on('data', (bytes) => {
    orders += String(bytes).split('Added order ').length - 1
  })
  await listens(child)
  return {
    url: `https://localhost:${ports.own}/dir`,
    ca: chain,
    hold: names.hold,
    orders: () => orders,
    stop: () => {
      child.kill('SIGKILL')
      names.stop()
    },
  }
}

function listens(child: ChildProcess): Promise<void> {
  let text = ''
  return new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (bytes) => {
        text += String(bytes)
        if (text.includes('Listening on')) resolve()
      })
    child.on('exit', () => reject(new Error(`Pebble ended: ${text}`)))
  })
}

/** A name server over TCP that answers each question for an IPv4 address with 127.0.0.1. */
async function startNames(): Promise<Pick<Pebble, 'hold' | 'stop'> & { port: number }> {
  let held: { answers: (() => void)[]; asked(): void } | null = null
  const give = (answer: () => void): void => {
    held?.asked()
    if (held) held.answers.push(answer)
    else answer()
  }
  const hold: Pebble['hold'] = () => {
    const { promise: asked, resolve } = Promise.withResolvers<void>()
    held = { answers: [], asked: resolve }
    const release = (): void => {
      const answers = held?.answers ?? []
      held = null
      for (const answer of answers) answer()
    }
    return { asked, release }
  }
  const server = createServer((socket) => {
    let waiting = Buffer.alloc(0)
    socket.on('error', () => socket.destroy())
    socket.on('data', (bytes: Buffer) => {
      waiting = Buffer.concat([waiting, bytes])
      while (waiting.length >= 2 && waiting.length >= 2 + waiting.readUInt16BE(0)) {
        const length = waiting.readUInt16BE(0)
        const answer = answerTo(waiting.subarray(2, 2 + length))
        waiting = waiting.subarray(2 + length)
        const size = Buffer.from([answer.length >> 8, answer.length & 255])
        give(() => void socket.write(Buffer.concat([size, answer])))
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { port, hold, stop: () => void server.close() }
}

function answerTo(question: Buffer): Buffer {
  const end = question.indexOf(0, 12) + 5
  const isAddress = question.readUInt16BE(end - 4) === 1
  const head = Buffer.from(question.subarray(0, 12))
  head.writeUInt16BE(0x81_80, 2)
  head.writeUInt16BE(isAddress ? 1 : 0, 6)
  head.writeUInt32BE(0, 8)
  const address = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1])
  return Buffer.concat([head, question.subarray(12, end), ...(isAddress ? [address] : [])])
}
