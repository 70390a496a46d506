import type { WebhookGap } from '#contract/webhook/webhook.ts'
import * as webhooks from '#domains/forge/webhook-store.ts'
import { every, oneReplica } from '#engine/every.ts'
import { appendEvent } from '#engine/events.ts'
import type { BackgroundJob } from '#engine/job.ts'
import type { Logger } from '#platform/log.ts'
import type { Database } from '#platform/postgres/postgres.ts'

export interface WebhookGapOptions {
  db: Database
  log: Logger
  /** milliseconds between two checks for gaps */
  interval: number
}

/**
 * Seconds that a delivery may arrive after polling found its change; until then it counts as late,
 * not as missed.
 */
const graceSeconds = 60

/** Reports each change that polling found and no delivery announced, once. */
export const webhookGaps = ({ db, log, interval }: WebhookGapOptions): BackgroundJob =>
  every({
    ...{ name: 'report-missed-deliveries', interval, claim: oneReplica() },
    run: async () => {
      for (const gap of await webhooks.listUnreportedGaps(db, graceSeconds))
        await reportGap(db, log, gap)
    },
  })

async function reportGap(
  db: Database,
  log: Logger,
  { number, app, change, looked, found, arrived }: WebhookGap,
): Promise<void> {
  const isOurs = (await db.query(webhooks.markGapReported(number))).length > 0
  if (!isOurs || arrived !== null) return
  const lateAtMostSeconds = looked === null ? null : (Date.parse(found) - Date.parse(looked)) / 1000
  log.warn('a webhook delivery is missing', { app, change, lateAtMostSeconds })
  await db.query(
    appendEvent({
      type: 'dev.cdeventsx.fairlead-webhook.missed',
      subject: `change/${change}`,
      chain: `app/${app}`,
      app,
      data: { lateAtMostSeconds },
    }),
  )
}
