import { setTimeout as pause } from 'node:timers/promises'
import { type Installation, startInstallation } from '../test/support/installation.ts'
import { waitFor } from '../test/support/wait.ts'
import { startChannel } from './channel.ts'
import { milliseconds, median, quantile, timed } from './measure.ts'

const count = Number(process.env['BENCH_STORM'] ?? 100_000)
/** Alerts of one request: those of a Prometheus. */
const batch = 64

type Labels = Record<string, string>

const post = async ({ url, token }: Installation, alerts: object[]): Promise<void> => {
  const response = await fetch(`${url}/api/v2/alerts`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(alerts),
  })
  if (!response.ok) throw new Error(`the server answered ${response.status}`)
  await response.text()
}

const alertOf = (labels: Labels, minutes: number) => ({
  labels: { alertname: 'Slow', severity: 'critical', ...labels },
  annotations: { summary: `${labels['app']} is slow` },
  endsAt: new Date(Date.now() + minutes * 60_000).toISOString(),
})

/** Reports all instances once; prints how long the requests took. */
async function reportAll(installation: Installation, title: string, minutes: number) {
  const took: number[] = []
  const began = performance.now()
  for (let at = 0; at < count; at += batch) {
    const alerts = Array.from({ length: Math.min(batch, count - at) }, (_, i) =>
      alertOf({ app: 'shop', instance: `i${at + i}` }, minutes),
    )
    took.push(await timed(() => post(installation, alerts)))
  }
  const seconds = (performance.now() - began) / 1000
  console.log(
    `${title}: ${count} alerts in ${seconds.toFixed(0)} s, ${Math.round(count / seconds)} a second`,
    `(${batch} alerts: median ${milliseconds(median(took))}, ` +
      `99 % below ${milliseconds(quantile(took, 0.99))})`,
  )
}

/** Alerts of one cause, by the API of Alertmanager, to the message at a channel. */
export async function run(): Promise<void> {
  const channel = await startChannel()
  const { received, url } = channel
  const installation = await startInstallation({ database: 'embedded' })
  const { client } = installation
  const delayOf = async (text: string, alerts: object[]): Promise<string> => {
    const began = performance.now()
    await post(installation, alerts)
    await waitFor(text, async () => received.some((one) => one.text.includes(text)), 300)
    return `${((received.at(-1)!.at - began) / 1000).toFixed(1)} s`
  }
  try {
    for (const name of ['shop', 'blog']) await client.createApp({ body: { name } })
    const body = { kind: 'slack', settings: { url } }
    await client.putChannel({ params: { channel: 'team' }, body })
    await reportAll(installation, 'first reports', 60)
    await reportAll(installation, 'repetition', 60)
    console.log(`another app, meanwhile: ${await delayOf('blog', [alertOf({ app: 'blog' }, 60)])}`)
    const list = await timed(() => client.listAlerts())
    console.log(`the list of alerts: ${milliseconds(list)}`)
    await reportAll(installation, 'ends', -1)
    await waitFor('the end', async () => received.some(({ text }) => text.startsWith('Resolved')))
    await pause(3000)
    const ofShop = received.filter(({ text }) => text.includes('shop'))
    console.log(`messages about the cause: ${ofShop.length}, its beginning and its end`)
  } finally {
    channel.close()
    await installation.stop()
  }
}
