import { z } from 'zod'
import { longDuration, text } from './shapes.ts'
import { cron, moment, zone } from './time-shapes.ts'

export const freezeFile = z
  .strictObject({
    from: moment
      .optional()
      .describe('The start of a single freeze, such as 2026-12-24; requires `until`'),
    until: moment
      .optional()
      .describe('The end of a single freeze; a date stands for its start in UTC'),
    cron: cron
      .optional()
      .describe('The start of a recurring freeze, such as `0 16 * * 5`; requires `for`'),
    for: longDuration().optional().describe('The duration of a recurring freeze, such as `62h`'),
    zone: zone.optional().describe('The time zone of `cron`; default: UTC'),
    reason: text
      .max(200)
      .default('')
      .describe('The reason that is displayed while a deployment waits'),
  })
  .refine(({ from, until, cron: pattern, for: length }) => {
    const isOnce =
      from !== undefined && until !== undefined && pattern === undefined && length === undefined
    const isRepeated =
      from === undefined && until === undefined && pattern !== undefined && length !== undefined
    return isOnce || isRepeated
  }, 'must have either `from` and `until`, or `cron` and `for`')
  .refine(
    ({ from, until }) =>
      from === undefined || until === undefined || Date.parse(from) < Date.parse(until),
    { message: 'must be later than `from`', path: ['until'] },
  )
  .refine(({ from, zone: named }) => from === undefined || named === undefined, {
    message: 'counts for `cron` only; write the offset in `from` and `until`: ...T18:00:00+01:00',
    path: ['zone'],
  })
