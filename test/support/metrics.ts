import type { Sample } from '#domains/signal/samples.ts'
import { addSamples } from '#domains/signal/write.ts'
import { openDatabase } from '#platform/postgres/postgres.ts'
import type { Installation } from './installation.ts'

/** Stores an hour of a histogram and a counter, as a service of an app exposes them. */
export async function storeMetrics(
  { connection }: Pick<Installation, 'connection'>,
  place: { app: string; environment: string; service: string },
): Promise<void> {
  const db = await openDatabase({ connection, size: 1 })
  const end = Math.floor(Date.now() / 10_000)
  const samples = Array.from({ length: 360 }, (_, i): Sample[] => {
    const wave = 1 + 0.3 * Math.sin(i / 25)
    const at = (end - 360 + i) * 10_000
    const common = { ...place, release: null, instance: null, at }
    return [
      ...[0.5, 0.95, 0.99].map((share) => ({
        ...{ ...common, name: 'checkout_seconds', labels: `quantile="${share}"` },
        value: wave * share ** 3,
      })),
      { ...common, name: 'orders_total', labels: '', unit: 'per second', value: 4 * wave },
    ]
  }).flat()
  await db.batch(await addSamples(db, samples))
  await db.close()
}
