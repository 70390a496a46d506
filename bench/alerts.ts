import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { ageWatches } from '../test/support/aged-watch.ts'
import { endedRun, push } from '../test/support/app.ts'
import { type Installation, startInstallation } from '../test/support/installation.ts'
import { makeRepository, type Repository } from '../test/support/repository.ts'
import { printStages } from './alert-stages.ts'
import { type Received, startChannel } from './channel.ts'
import { median } from './measure.ts'
import { setups, startPrometheus, type Target } from './prometheus.ts'

/** Faults of each kind, and the longest time to wait for their alerts. */
const copies = Number(process.env['BENCH_ALERTS'] ?? 3)
const minutes = Number(process.env['BENCH_MINUTES'] ?? 20)
const chosen = process.env['BENCH_KINDS']?.split(',')
/** Requests a second of each service. */
const load = 50
/** Seconds of healthy traffic before the first fault, and between two faults. */
const warmUp = 90
/** Seconds of simulated traffic that the detectors have learnt before; 0 for none. */
const age = Number(process.env['BENCH_AGE'] ?? 0)
const between = 7
/** The share of requests that fail without a fault. */
const usual = 0.001

interface Fault {
  kind: string
  /** the share of requests that fail; null for an address that no longer answers */
  share: number | null
  /** the interval of the monitor; empty for the default */
  every: string
  /** whether the service logs an exception and answers well, which no rule over requests sees */
  isLogged?: true
}

const allKinds: Fault[] = [
  { kind: 'outage', share: 1, every: '' },
  { kind: 'errors', share: 0.05, every: '' },
  { kind: 'probe', share: null, every: '' },
  { kind: 'quick', share: null, every: ', every: 5s' },
  { kind: 'exception', share: usual, every: '', isLogged: true },
]

const kinds = allKinds.filter(({ kind }) => chosen?.includes(kind) ?? true)

const titles: Record<string, string> = {
  outage: `every request fails, ${load}/s`,
  errors: `0.1 → 5 % of the requests fail, ${load}/s`,
  probe: 'an address that is probed as by default',
  quick: 'an address that is probed every 5 s',
  exception: 'an exception of a new kind in the log, while requests are answered well',
}

const server = `
let share = ${usual}
require('node:http').createServer((request, response) => {
  const asked = /^.share=(.*)/.exec(request.url)
  if (request.url === '/throw') console.error(new TypeError('the total is not a number').stack)
  else if (asked) share = Number(asked[1])
  else if (Math.random() < share) response.statusCode = 500
  response.end('x')
}).listen(process.env.PORT, '127.0.0.1')
`

/** An app with one fault. */
interface Subject extends Fault {
  app: string
  /** what the load counted */
  counts: { requests: number; errors: number }
  /** of the fault, by `performance.now()` */
  began: number
  /** the second of the fault in which a CUSUM that knows both rates alarms */
  known: number | null
  /** what is probed */
  probed: Server | null
}

const listen = async (one: Server): Promise<number> => {
  await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve))
  return (one.address() as AddressInfo).port
}
const portOf = (one: Server): number => (one.address() as AddressInfo).port

/** Asks the service of an app; resolves with the status. */
const askerOf =
  (installation: Installation) =>
  (app: string, path: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const headers = { host: `${app}.production.localhost` }
      const sent = request({ port: installation.edgePort, path, headers }, (response) => {
        response.resume()
        response.on('end', () => resolve(response.statusCode ?? 0))
      })
      sent.on('error', reject)
      sent.end()
    })
type Ask = ReturnType<typeof askerOf>

/** Page's CUSUM for known rates; one false alarm in 90 days of this load. */
function cusum(share: number): (isError: boolean) => boolean {
  const after = Math.min(share, 1 - 1e-6)
  const limit = Math.log(90 * 86_400 * load)
  let sum = 0
  return (isError) => {
    const ratio = isError ? after / usual : (1 - after) / (1 - usual)
    sum = Math.max(0, sum + Math.log(ratio))
    return sum >= limit
  }
}

/** Requests at a constant rate, whatever the answers are. */
function startLoad(subject: Subject, ask: Ask): () => void {
  if (subject.share === null) return () => undefined
  const alarms = cusum(subject.share)
  const count = (status: number): void => {
    subject.counts.requests += 1
    if (status >= 500) subject.counts.errors += 1
    const isFault = Number.isFinite(subject.began)
    if (isFault && alarms(status >= 500))
      subject.known ??= (performance.now() - subject.began) / 1000
  }
  const timer = setInterval(() => {
    ask(subject.app, '/').then(count, () => count(599))
  }, 1000 / load)
  return () => clearInterval(timer)
}

/** What the load counted, as an exact exporter of a load balancer would expose it. */
const exporterOf = (subjects: Subject[]): Server =>
  createServer((_request, response) => {
    response.end(
      subjects
        .filter(({ share }) => share !== null)
        .map(
          ({ app, counts }) =>
            `requests_total{app="${app}"} ${counts.requests}\n` +
            `errors_total{app="${app}"} ${counts.errors}\n`,
        )
        .join(''),
    )
  })

/** Counters of the last 70 minutes of healthy traffic, which continue at those of the load. */
function historyOf(subjects: Subject[], address: string): string {
  const now = Math.floor(Date.now() / 1000)
  const length = 70 * 60
  const samples = (name: 'requests' | 'errors', perSecond: number): string =>
    subjects
      .filter(({ share }) => share !== null)
      .map(({ app, counts }) => {
        const labels = `{app="${app}",instance="${address}",job="counts"}`
        const lines = Array.from({ length: length / 15 }, (_, i) => {
          const value = counts[name] + Math.round(perSecond * 15 * i)
          return `${name}_total${labels} ${value} ${now - length + 15 * i}\n`
        })
        counts[name] += perSecond * length
        return lines.join('')
      })
      .join('')
  return (
    `# TYPE requests counter\n${samples('requests', load)}` +
    `# TYPE errors counter\n${samples('errors', load * usual)}# EOF\n`
  )
}

const fileOf = ({ every, probed }: Subject): string =>
  'services: {web: {run: exec node server.js, health: /health}}\n' +
  'environments: {production: {}}\n' +
  (probed ? `monitors: {port: {http: "http://127.0.0.1:${portOf(probed)}/metrics"${every}}}\n` : '')

/** Seconds from a fault to the message about it; null without one. */
function delayOf(
  received: Received[],
  { app, began }: Subject,
  isOf: (one: Received) => boolean,
): number | null {
  const found = received.find((one) => one.at > began && isOf(one) && namesApp(one, app))
  return found ? (found.at - began) / 1000 : null
}

interface Webhook {
  alerts: { labels: Record<string, string>; status: string }[]
}
const alertsOf = ({ body }: Received): Webhook['alerts'] => (body as Partial<Webhook>).alerts ?? []
const namesApp = (one: Received, app: string): boolean =>
  [' ', '\n', ':'].some((after) => one.text.includes(` ${app}${after}`)) ||
  alertsOf(one).some(({ labels, status }) => labels['app'] === app && status === 'firing')

const words = (delays: (number | null)[]): string => {
  const known = delays.filter((one) => one !== null)
  if (delays.length === 0 || known.length < delays.length)
    return `${known.length} of ${delays.length} within ${minutes} min`
  return `median ${median(known).toFixed(1)} s, worst ${Math.max(...known).toFixed(1)} s`
}

/** Who may report a fault: which messages are theirs. */
const reporters: { name: string; isOf: (one: Received) => boolean }[] = [
  { name: 'Fairlead', isOf: ({ path }) => path === '/fairlead' },
  ...setups.flatMap(({ name }) =>
    ['ratio', 'burn', 'for 5m'].map((rule) => ({
      name: `Prometheus, ${name}, ${rule}`,
      isOf: (one: Received) =>
        one.path === `/${name}` && alertsOf(one).some(({ labels }) => labels['alertname'] === rule),
    })),
  ),
]
const expects = ({ share, isLogged }: Fault, name: string): boolean =>
  isLogged ? name === 'Fairlead' : share !== null || !name.endsWith('burn')

async function deploy(
  installation: Installation,
  subject: Subject,
  repositories: Repository[],
): Promise<void> {
  const repository = await makeRepository({ 'server.js': server, 'fairlead.yaml': fileOf(subject) })
  repositories.push(repository)
  await push(installation, subject.app, repository)
  const { runs } = await installation.client.listRuns({ query: { app: subject.app, limit: 1 } })
  await endedRun(installation, runs[0]?.id ?? 0)
}

const newSubject = async (fault: Fault, i: number): Promise<Subject> => {
  const probed = fault.share === null ? createServer((_, response) => response.end()) : null
  if (probed) await listen(probed)
  return {
    ...{ ...fault, app: `${fault.kind}-${i}`, counts: { requests: 0, errors: 0 } },
    ...{ began: Infinity, known: null, probed },
  }
}

/** Lets each subject fail, and waits for the alerts. */
async function harm(subjects: Subject[], ask: Ask, isReported: () => boolean): Promise<void> {
  for (const subject of subjects) {
    if (subject.share !== null && !subject.isLogged)
      await ask(subject.app, `/share=${subject.share}`)
    subject.began = performance.now()
    if (subject.isLogged) await ask(subject.app, '/throw')
    subject.probed?.close()
    subject.probed?.closeAllConnections()
    await pause(between * 1000)
  }
  const end = performance.now() + minutes * 60_000
  while (!isReported() && performance.now() < end) await pause(1000)
}

/**
 * From a fault to the message about it, of Fairlead and of a Prometheus with an Alertmanager, by
 * their defaults and with the shortest sensible settings, which have an hour of history.
 */
export async function run(): Promise<void> {
  const channel = await startChannel()
  const { received, url } = channel
  const installation = await startInstallation({ database: 'embedded' })
  const repositories: Repository[] = []
  const ask = askerOf(installation)
  const stops: (() => void)[] = [channel.close]
  try {
    const subjects: Subject[] = []
    for (let i = 0; i < copies; i += 1)
      for (const fault of kinds) subjects.push(await newSubject(fault, i))
    for (const subject of subjects) await deploy(installation, subject, repositories)
    const settings = { url: `${url}/fairlead` }
    const body = { kind: 'slack', settings }
    await installation.client.putChannel({ params: { channel: 'team' }, body })
    const exporter = exporterOf(subjects)
    const address = `127.0.0.1:${await listen(exporter)}`
    stops.push(() => void exporter.close())
    const targets = subjects.flatMap(({ app, probed }): Target[] =>
      probed ? [{ job: 'probe', app, address: `127.0.0.1:${portOf(probed)}` }] : [],
    )
    targets.push({ job: 'counts', app: null, address })
    const history = historyOf(subjects, address)
    for (const setup of setups) {
      const webhook = `${url}/${setup.name}`
      const { stop } = await startPrometheus(setup, { targets, history, webhook })
      stops.push(stop)
    }
    for (const subject of subjects) stops.push(startLoad(subject, ask))
    await pause(warmUp * 1000)
    if (age > 0) {
      const apps = subjects.flatMap(({ app, share }) => (share === null ? [] : [app]))
      const past = { seconds: age, load: { '/': load }, milliseconds: 2, errors: usual }
      await ageWatches(installation.connection, apps, past)
      await pause(20_000)
    }
    for (const { text, body: alert } of received)
      console.log(`a false alarm: ${text || JSON.stringify(alert)}`)
    const missing = () =>
      subjects.flatMap((subject) =>
        reporters.filter(
          ({ name, isOf }) => expects(subject, name) && delayOf(received, subject, isOf) === null,
        ),
      )
    await harm(subjects, ask, () => missing().length === 0)
    for (const fault of kinds) {
      const { kind, share } = fault
      const mine = subjects.filter((one) => one.kind === kind)
      console.log(`${titles[kind]}, ${mine.length} faults, to the message`)
      for (const { name, isOf } of reporters.filter((one) => expects(fault, one.name)))
        console.log(`  ${name}: ${words(mine.map((one) => delayOf(received, one, isOf)))}`)
      if (share !== null && !fault.isLogged)
        console.log(`  CUSUM that knows both rates: ${words(mine.map(({ known }) => known))}`)
      const since = performance.timeOrigin
      const faults = mine.map(({ app, began }) => ({ app, began: since + began }))
      if (share !== null && !fault.isLogged) await printStages(installation.client, faults)
    }
    const messages = received.filter(({ path }) => path === '/fairlead')
    const ends = messages.filter(({ text }) => text.startsWith('Resolved: ')).length
    console.log(`faults: ${subjects.length}, messages of Fairlead: ${messages.length - ends}`)
    console.log(`messages that an alert is over: ${ends}`)
  } finally {
    for (const stop of stops) stop()
    await installation.stop()
    for (const repository of repositories) await repository.remove()
  }
}
