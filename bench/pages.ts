import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { type Installation, startInstallation } from '../test/support/installation.ts'
import { processOf } from '../test/support/processes.ts'
import { waitFor } from '../test/support/wait.ts'
import { median, quantile } from './measure.ts'

const kills = Number(process.env['BENCH_KILLS'] ?? 1000)
const victims = ['server', 'server', 'database', 'host'] as const
/** Installations at the same time; each gets its share of the kills. */
const installations = Number(process.env['BENCH_INSTALLATIONS'] ?? 3)
/** Causes that begin and end again and again, each in an app of its own. */
const causes = 6
/** Seconds in which something must have happened, whatever is killed. */
const patience = Number(process.env['BENCH_PATIENCE'] ?? 180)

/** Milliseconds without a kill after every tenth. */
const restMs = 10_000

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

/** When a cause began, and when it had ended. */
interface Cycle {
  began: number
  ended: number
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
async function report(
  installation: Installation,
  app: string,
  action: 'trigger' | 'resolve',
): Promise<void> {
  const answers = new Map<string, number>()
  const body = {
    ...{ routing_key: installation.token, event_action: action, dedup_key: app },
    payload: { summary: `${app} fails`, source: app, severity: 'critical' },
  }
  const send = async (): Promise<boolean> => {
    const answer = await fetch(`${installation.url}/v2/enqueue`, {
      ...{ method: 'POST', body: JSON.stringify(body) },
      headers: { 'content-type': 'application/json' },
      signal: AbortSignal.timeout(5000),
    }).then(
      ({ ok, status }) => (ok ? 'ok' : String(status)),
      (error: Error) => error.name,
    )
    answers.set(answer, (answers.get(answer) ?? 0) + 1)
    return answer === 'ok'
  }
  try {
    await waitFor(`${action} of ${app} is accepted`, send, patience)
  } catch (error) {
    console.log(`  the answers to ${action} of ${app}: ${JSON.stringify([...answers])}`)
    throw error
  }
}

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
): Promise<Cycle[]> {
  const times: Cycle[] = []
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

/** Starts a server until it answers, as a service manager does: its database may die meanwhile. */
async function startAgain(installation: Installation): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await installation.start()
    } catch (error) {
      if (attempt === 5) throw error
    }
  }
}

/** kill -9 of a random process at random moments; every fifth time, a server is frozen instead. */
async function killAtRandom(
  installation: Installation,
  kills: number,
): Promise<Record<string, number>> {
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
    if (victim === 'server') await startAgain(installation)
    if (killed % 50 === 0) console.log(`  ${killed} kills`)
    // Without a rest, a server on a busy machine may die again and again before it has worked.
    if (killed % 10 === 0) await pause(restMs)
  }
  return counts
}

const channels = ['plain', 'strict']
const kinds = ['opened', 'resolved'] as const

/**
 * What each cycle of a cause should bring to each channel, one message of each kind, against what
 * came. The n-th id of a kind belongs to the n-th cycle, because a cycle begins when the one before
 * has ended; an id that came before its cycle began is doubled, not early.
 */
function compare(pages: Page[], times: Map<string, Cycle[]>) {
  const found = { lost: 0, doubled: 0, repeated: 0 }
  for (const channel of channels)
    for (const [app, cycles] of times)
      for (const kind of kinds) {
        const mine = pages.filter((one) => one.channel === channel && one.of === `${app} ${kind}`)
        const firsts = [...new Map(mine.toReversed().map((one) => [one.id, one])).values()]
          .map(({ at }) => at)
          .toSorted((a, b) => a - b)
        found.repeated += mine.length - firsts.length
        for (const { began, ended } of cycles) {
          const from = kind === 'opened' ? began : ended
          while (firsts.length > 0 && firsts[0]! < from) {
            firsts.shift()
            found.doubled += 1
          }
          if (firsts.shift() === undefined) found.lost += 1
        }
        found.doubled += firsts.length
      }
  return found
}

/** Seconds from the beginning of each cycle to its first message at the plain channel. */
const delaysOf = (pages: Page[], times: Map<string, Cycle[]>): number[] =>
  [...times].flatMap(([app, cycles]) => {
    const opened = pages.filter((one) => one.of === `${app} opened` && one.channel === 'plain')
    return cycles.map(({ began }) => {
      const first = opened.find(({ at }) => at > began)
      return first ? (first.at - began) / 1000 : Infinity
    })
  })

interface Outcome {
  counts: Record<string, number>
  sent: number
  lost: number
  doubled: number
  repeated: number
  delays: number[]
}

/** Kills processes of one installation, and compares what should have come with what came. */
async function killOne(kills: number): Promise<Outcome> {
  const receivers = await startChannels()
  const env = { FAIRLEAD_MONITORS_SECONDS: '0.3', FAIRLEAD_HOST_PAGES_SECONDS: '0' }
  const installation = await startInstallation({ database: 'embedded', env })
  const apps = Array.from({ length: causes }, (_, i) => `app-${i}`)
  let isOver = false
  try {
    for (const name of apps) await installation.client.createApp({ body: { name } })
    for (const channel of channels)
      await installation.client.putChannel({
        params: { channel },
        body: { kind: 'cloudevents', settings: { url: `${receivers.url}/${channel}` } },
      })
    const cycles = apps.map((app) => cycle(installation, app, () => isOver))
    const killer = killAtRandom(installation, kills).finally(() => (isOver = true))
    const [counts, ...all] = await Promise.all([killer, ...cycles])
    const times = new Map(apps.map((app, i) => [app, all[i]!]))
    // A message that a dead server had claimed is sent a minute later.
    await waitFor(
      'every message arrives',
      async () => compare(receivers.pages, times).lost === 0,
      patience,
    ).catch(() => undefined)
    await pause(5000)
    const sent = 4 * all.reduce((sum, one) => sum + one.length, 0)
    const delays = delaysOf(receivers.pages, times)
    return { counts, sent, delays, ...compare(receivers.pages, times) }
  } finally {
    isOver = true
    await installation.stop()
    receivers.close()
  }
}

/**
 * Alerts of clients of PagerDuty while processes are killed: which messages never arrived, which
 * arrived twice, and which were repeated with the id that the receiver knew.
 */
export async function run(): Promise<void> {
  const began = performance.now()
  const share = Math.ceil(kills / installations)
  const outcomes = await Promise.all(Array.from({ length: installations }, () => killOne(share)))
  const sum = (of: (one: Outcome) => number): number =>
    outcomes.reduce((total, one) => total + of(one), 0)
  const counts: Record<string, number> = {}
  for (const one of outcomes)
    for (const [name, count] of Object.entries(one.counts))
      counts[name] = (counts[name] ?? 0) + count
  const minutes = ((performance.now() - began) / 60_000).toFixed(1)
  console.log(
    `${share * installations} kills in ${installations} installations and ${minutes} minutes: ` +
      `${JSON.stringify(counts)}; ${sum(({ sent }) => sent)} messages in two channels each`,
  )
  console.log(
    `  lost ${sum(({ lost }) => lost)}, doubled ${sum(({ doubled }) => doubled)}, ` +
      `repeated with the same id ${sum(({ repeated }) => repeated)}`,
  )
  const delays = outcomes.flatMap((one) => one.delays)
  console.log(
    `  from the report to the message: median ${median(delays).toFixed(1)} s, ` +
      `99 % below ${quantile(delays, 0.99).toFixed(1)} s`,
  )
}
