import type { Client } from '#contract/client.ts'
import { median } from './measure.ts'

/** A fault, by milliseconds since 1970. */
export interface Fault {
  app: string
  began: number
}

/** What happens between a fault and its message, in this order. */
const stages = ['its monitor fires', 'its alert opens', 'its message is sent'] as const

/** Seconds from a fault to each stage; undefined for one that did not come. */
async function stagesOf(client: Client, { app, began }: Fault): Promise<(number | undefined)[]> {
  const { monitors } = await client.listMonitors({ query: { app } })
  const errors = monitors.find(({ kind }) => kind === 'errors')
  const { changes } = errors
    ? await client.getMonitor({ params: { app, monitor: errors.id } })
    : { changes: [] }
  const { alerts } = await client.listAlerts({ query: { app } })
  const found = alerts.find(({ opened }) => Date.parse(opened) > began)
  const entries = found ? (await client.getAlert({ params: { alert: found.id } })).entries : []
  const sent = entries.find(({ kind }) => kind === 'notified')
  const fired = changes.findLast(({ time }) => Date.parse(time) > began)
  return [fired?.time, found?.opened, sent?.time].map((time) =>
    time === undefined ? undefined : (Date.parse(time) - began) / 1000,
  )
}

/** Prints where the seconds of faults went. */
export async function printStages(client: Client, faults: Fault[]): Promise<void> {
  const all = await Promise.all(faults.map((fault) => stagesOf(client, fault)))
  for (const [i, name] of stages.entries()) {
    const known = all.flatMap((one) => one[i] ?? [])
    console.log(`  ${name} after ${median(known).toFixed(2)} s (median of ${known.length})`)
  }
}
