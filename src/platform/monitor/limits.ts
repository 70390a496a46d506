import { z } from 'zod'

/** Keys of a value that must stay within limits. */
export const limitsOf = (what: string) => ({
  above: z.number().optional().describe(`A higher ${what} is harm`),
  below: z.number().optional().describe(`A lower ${what} is harm`),
})

interface Limits {
  above?: number | undefined
  below?: number | undefined
}

/** Requires at least one limit. */
export const beyond = <S extends z.ZodType<Limits>>(schema: S) =>
  schema.refine(({ above, below }) => above !== undefined || below !== undefined, {
    message: 'must have `above` or `below`',
  })

export const isBeyond = ({ above, below }: Limits, value: number): boolean =>
  (above !== undefined && value > above) || (below !== undefined && value < below)

/** Which limit a value is beyond, in words. */
export const limitWords = ({ above, below }: Limits, value: number): string =>
  above !== undefined && value > above ? `above ${above}` : `below ${below}`

export const shown = (value: number): string => String(Number(value.toPrecision(4)))
