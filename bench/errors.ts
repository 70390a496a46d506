import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { setTimeout as pause } from 'node:timers/promises'
import { startInstallation } from '../test/support/installation.ts'
import { median } from './measure.ts'

/** Events a second, kilobytes of an event, and seconds. */
const load = { aSecond: 30, kilobytes: 50, seconds: 20 }

/** An event of the size, of one of twenty errors. */
function eventOf(number: number): Buffer {
  const frames = Array.from({ length: 60 }, (_, i) => ({
    ...{ filename: `/srv/shop/src/part-${i}.js`, function: `call${i}`, lineno: i + 1, colno: 3 },
    ...{ in_app: i % 3 === 0, context_line: 'x'.repeat(80), pre_context: ['y'.repeat(80)] },
  }))
  const event = {
    ...{ event_id: number.toString(16).padStart(32, '0'), platform: 'node' },
    user: { id: String(number % 500) },
    exception: { values: [{ type: `Kind${number % 20}Error`, stacktrace: { frames } }] },
    breadcrumbs: Array.from({ length: 60 }, (_, i) => ({
      ...{ category: 'http', timestamp: i, message: `GET /items/${i} from ada@example.com` },
    })),
    extra: {} as Record<string, string>,
  }
  for (let i = 0; JSON.stringify(event).length < load.kilobytes * 1000; i += 1)
    event.extra[`field${i}`] = Math.random().toString(36).repeat(20)
  const text = JSON.stringify(event)
  return Buffer.from(`{"event_id":"${event.event_id}"}\n{"type":"event"}\n${text}\n`)
}

/** Seconds of processor time that a process used; clock ticks are hundredths on Linux. */
function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/**
 * Events of SDKs at a constant rate: how long the answer takes, which comes after the event is
 * stored, and how much of a core the server uses, compared with the same requests without events.
 */
export async function run(): Promise<void> {
  const installation = await startInstallation({ database: 'embedded' })
  try {
    await installation.client.createApp({ body: { name: 'shop' } })
    const { dsn } = await installation.client.getErrorKey({ params: { app: 'shop' } })
    const { username, pathname } = new URL(dsn)
    const url = `${installation.url}/api${pathname}/envelope/?sentry_key=${username}`
    const nothing = Buffer.from('{}\n')
    for (const [name, bodies] of [
      ['empty envelopes', [nothing]],
      ['events of 50 KB', Array.from({ length: 100 }, (_, i) => eventOf(i))],
      ['events of 50 KB, gzip', Array.from({ length: 100 }, (_, i) => gzipSync(eventOf(i)))],
    ] as const) {
      const headers: Record<string, string> = name.includes('gzip')
        ? { 'content-encoding': 'gzip' }
        : {}
      const before = processorSeconds(installation.pid())
      const took: number[] = []
      let failed = 0
      const sent: Promise<void>[] = []
      for (let i = 0; i < load.aSecond * load.seconds; i += 1) {
        const began = performance.now()
        const body = new Uint8Array(bodies[i % bodies.length]!)
        sent.push(
          fetch(url, { method: 'POST', body, headers }).then(({ status }) => {
            took.push(performance.now() - began)
            if (status !== 200) failed += 1
          }),
        )
        await pause(1000 / load.aSecond)
      }
      await Promise.all(sent)
      const core = (processorSeconds(installation.pid()) - before) / load.seconds
      const sorted = took.toSorted((a, b) => a - b)
      console.log(
        `${load.aSecond}/s ${name}: median ${median(took).toFixed(1)} ms, ` +
          `p99 ${sorted[Math.floor(sorted.length * 0.99)]?.toFixed(1)} ms, ` +
          `${(core * 100).toFixed(0)} % of a core, ${failed} of ${took.length} refused`,
      )
    }
    const { errors } = await installation.client.listErrors({ query: {} })
    const counted = errors.reduce((sum, { count }) => sum + count, 0)
    console.log(`  ${counted} of ${2 * load.aSecond * load.seconds} events counted`)
  } finally {
    await installation.stop()
  }
}
