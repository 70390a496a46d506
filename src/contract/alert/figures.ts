import { z } from 'zod'

/** How noisy alerts are. */
export const alertFigures = z.object({
  /** newest first */
  weeks: z.array(
    z.object({
      /** its Monday in UTC, `YYYY-MM-DD` */
      week: z.string(),
      /** the team that `owners` of fairlead.yaml names; null without one */
      owner: z.string().nullable(),
      /** that opened in the week */
      alerts: z.number().int(),
      /**
       * those that led to something: a person acknowledged or resolved them, or something was
       * deployed to their environment while they were open
       */
      acted: z.number().int(),
      /** those of which somebody said that they are not theirs */
      passed: z.number().int(),
      /** messages to people */
      messages: z.number().int(),
    }),
  ),
})
export type AlertFigures = z.infer<typeof alertFigures>
