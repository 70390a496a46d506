import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { type Installation, startInstallation } from '../test/support/installation.ts'
import { processOf } from '../test/support/processes.ts'
import { waitFor } from '../test/support/wait.ts'
import { median, quantile } from './measure.ts'

const kills = Number(process.env['BENCH_KILLS'] ?? 1000)
const victims = ['server', 'server', 'database', 'host'] as const
/** Causes that begin and end again and again, each in an app of its own. */
const causes = 6
/** Seconds in which something must have happened, whatever is killed. */
const patience = 180

/** A message at a channel, by the id that its sender gave it. */
interface Page {
  channel: string
  id: string
  /** `app opened` or `app resolved` */
  of: string
  at: number
}

interface CloudEvent {
  id: string
  type: string
  data: { app: string }
}

/**
 * Two channels: each answers late, so that many senders die between the acceptance and their
 * record of it, and `strict` refuses a third of the messages once.
 */
async function startChannels(): Promise<{ url: string; pages: Page[]; close(): void }> {
  const pages: Page[] = []
  const refused = new Set<string>()
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += String(chunk)
    const { id, type, data } = JSON.parse(text) as CloudEvent
    const channel = (request.url ?? '').slice(1)
    if (channel === 'strict' && Number(id.replace(/\D/g, '')) % 3 === 0 && !refused.has(id)) {
      refused.add(id)
      return response.writeHead(503).end()
    }
    pages.push({ channel, id, of: `${data.app} ${type.split('.').at(-1)}`, at: performance.now() })
    await pause(Math.random() * 300)
    return response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, pages, close: () => void server.close() }
}

/** Reports an event until a server has accepted it, as a client of PagerDuty does. */
const report = (installation: Installation, app: string, action: 'trigger' | 'resolve') =>
  waitFor(
    `${action} of ${app} is accepted`,
    async () => {
      const body = {
        ...{ routing_key: installation.token, event_action: action, dedup_key: app },
        payload: { summary: `${app} fails`, source: app, severity: 'critical' },
      }
      const sent = fetch(`${installation.url}/v2/enqueue`, {
        ...{ method: 'POST', body: JSON.stringify(body) },
        headers: { 'content-type': 'application/json' },
        signal: AbortSignal.timeout(5000),
      })
      return sent.then(
        ({ ok }) => ok,
        () => false,
      )
    },
    patience,
  )

const isState = (installation: Installation, app: string, isOpen: boolean) =>
  waitFor(
    `the alert of ${app} is ${isOpen ? 'open' : 'resolved'}`,
    async () => {
      const { alerts } = await installation.client.listAlerts()
      const mine = alerts.find((one) => one.app === app)
      return mine !== undefined && (mine.state === 'open') === isOpen
    },
    patience,
  )

/** Lets a cause begin and end until it is over; returns when each began and ended. */
async function cycle(
  installation: Installation,
  app: string,
  isOver: () => boolean,
): Promise<{ began: number; ended: number }[]> {
  const times: { began: number; ended: number }[] = []
  while (!isOver()) {
    const began = performance.now()
    await report(installation, app, 'trigger')
    await isState(installation, app, true)
    await pause(Math.random() * 1000)
    const ended = performance.now()
    await report(installation, app, 'resolve')
    await isState(installation, app, false)
    times.push({ began, ended })
  }
  return times
}

/** kill -9 of a random process at random moments; every fifth time, a server is frozen instead. */
async function killAtRandom(installation: Installation): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (let killed = 0; killed < kills;) {
    await pause(Math.random() * 1500)
    const victim = victims[Math.floor(Math.random() * victims.length)]!
    const isFrozen = victim === 'server' && Math.random() < 0.2
    try {
      process.kill(await processOf(installation, victim), isFrozen ? 'SIGSTOP' : 'SIGKILL')
    } catch {
      continue // it is being started again
    }
    const name = isFrozen ? 'frozen servers' : victim
    counts[name] = (counts[name] ?? 0) + 1
    if (isFrozen) {
      await pause(1000 + Math.random() * 2000)
      process.kill(installation.pid(), 'SIGCONT')
      continue
    }
    killed += 1
    if (victim === 'server') await installation.start()
    if (killed % 50 === 0) console.log(`  ${killed} kills`)
  }
  return counts
}

/** How many messages of a kind each channel should have, and how many it got. */
function compare(pages: Page[], wanted: Map<string, number>) {
  const found = { lost: 0, doubled: 0, repeated: 0 }
  for (const channel of ['plain', 'strict'])
    for (const [of, count] of wanted) {
      const mine = pages.filter((one) => one.channel === channel && one.of === of)
      const ids = new Set(mine.map(({ id }) => id)).size
      found.lost += Math.max(0, count - ids)
      found.doubled += Math.max(0, ids - count)
      found.repeated += mine.length - ids
    }
  return found
}

/**
 * Alerts of clients of PagerDuty while processes are killed: which messages never arrived, which
 * arrived twice, and which were repeated with the id that the receiver knew.
 */
export async function run(): Promise<void> {
  const channels = await startChannels()
  const env = { FAIRLEAD_MONITORS_SECONDS: '0.3', FAIRLEAD_HOST_PAGES_SECONDS: '0' }
  const installation = await startInstallation({ database: 'embedded', env })
  const apps = Array.from({ length: causes }, (_, i) => `app-${i}`)
  let isOver = false
  try {
    for (const name of apps) await installation.client.createApp({ body: { name } })
    for (const channel of ['plain', 'strict'])
      await installation.client.putChannel({
        params: { channel },
        body: { kind: 'cloudevents', settings: { url: `${channels.url}/${channel}` } },
      })
    const cycles = apps.map((app) => cycle(installation, app, () => isOver))
    const killer = killAtRandom(installation).finally(() => (isOver = true))
    const [counts, ...times] = await Promise.all([killer, ...cycles])
    const wanted = new Map(
      apps.flatMap((app, i): [string, number][] => [
        [`${app} opened`, times[i]!.length],
        [`${app} resolved`, times[i]!.length],
      ]),
    )
    // A message that a dead server had claimed is sent a minute later.
    await waitFor(
      'every message arrives',
      async () => compare(channels.pages, wanted).lost === 0,
      patience,
    ).catch(() => undefined)
    await pause(5000)
    const sent = 4 * times.reduce((sum, one) => sum + one.length, 0)
    const { lost, doubled, repeated } = compare(channels.pages, wanted)
    console.log(`${kills} kills: ${JSON.stringify(counts)}; ${sent} messages in two channels`)
    console.log(`  lost ${lost}, doubled ${doubled}, repeated with the same id ${repeated}`)
    const delays = apps.flatMap((app, i) => {
      const opened = channels.pages.filter((one) => one.of === `${app} opened`)
      return times[i]!.map(({ began }) => {
        const first = opened.find(({ channel, at }) => channel === 'plain' && at > began)
        return first ? (first.at - began) / 1000 : Infinity
      })
    })
    console.log(
      `  from the report to the message: median ${median(delays).toFixed(1)} s, ` +
        `99 % below ${quantile(delays, 0.99).toFixed(1)} s`,
    )
  } finally {
    isOver = true
    await installation.stop()
    channels.close()
  }
}
