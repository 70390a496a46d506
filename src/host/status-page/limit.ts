import type { IncomingMessage } from 'node:http'

const hourMs = 3_600_000

/** Counts something in an hour, by address. */
export interface Limit {
  isLeft(from: string): boolean
  count(from: string): void
}

export function createLimit(
  steady: () => number,
  { ofOne, ofAll }: { ofOne: number; ofAll: number },
): Limit {
  let hour = { began: steady(), all: 0, of: new Map<string, number>() }
  return {
    isLeft: (from) => {
      if (steady() - hour.began >= hourMs) hour = { began: steady(), all: 0, of: new Map() }
      return (hour.of.get(from) ?? 0) < ofOne && hour.all < ofAll
    },
    count: (from) => {
      hour.all += 1
      hour.of.set(from, (hour.of.get(from) ?? 0) + 1)
    },
  }
}

/**
 * The address of a reader. The edge adds that of its client at the end; what is before it can be
 * made up.
 */
export const readerOf = ({ headers }: IncomingMessage): string =>
  String(headers['x-forwarded-for'] ?? '')
    .split(',')
    .at(-1)
    ?.trim() ?? ''
