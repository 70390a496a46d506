import { Cron } from 'croner'
import { z } from 'zod'
import { text } from './shapes.ts'

/** A cron expression of five fields. */
export const cron = text.superRefine((pattern, context) => {
  const refuse = (message: string): void => context.addIssue({ code: 'custom', message })
  try {
    const next = new Cron(pattern, { paused: true, timezone: 'UTC', mode: '5-part' }).nextRun()
    if (next === null) refuse('must name a time that exists; this one never occurs')
  } catch {
    refuse('must be a cron expression of five fields, such as `0 3 * * *`')
  }
})

/** A date, or a time with its offset. */
export const moment = z.union([z.iso.datetime({ offset: true }), z.iso.date()], {
  error: 'must be a date such as 2026-12-24, or a time such as 2026-12-24T18:00:00+01:00',
})

/** The name of a time zone in the IANA database. */
export const zone = text.refine((name) => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name }).format(0)
    return true
  } catch {
    return false
  }
}, 'must be the name of a time zone, such as Europe/Vienna')
