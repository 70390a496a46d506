import { setTimeout as sleep } from 'node:timers/promises'
import { type Env, type SecretSource, type SourceIo, Unavailable } from './secret-source.ts'
import { sources } from './sources.generated.ts'

/** Milliseconds for one attempt to read a value, and the pauses between attempts. */
const timeoutMs = 10_000
const pausesMs = [500, 2000]

/** Splits a reference `KIND:PLACE`. The kind is empty when there is no colon. */
export function splitReference(reference: string): { kind: string; place: string } {
  const colon = reference.indexOf(':')
  return { kind: reference.slice(0, Math.max(colon, 0)), place: reference.slice(colon + 1) }
}

export const findSource = (kind: string): SecretSource | undefined =>
  sources.find((source) => source.kind === kind)

const split = (reference: string): { source: SecretSource | undefined; place: string } => {
  const { kind, place } = splitReference(reference)
  return { source: findSource(kind), place }
}

/** The problem with a reference `KIND:PLACE` in one sentence; null when it can be read. */
export function referenceProblem(reference: string, env: Env): string | null {
  const { source, place } = split(reference)
  if (!source) return `must begin with ${sources.map(({ kind }) => `${kind}:`).join(', ')}`
  return place === '' ? 'must name a place' : source.problem(place, env)
}

/** Reads the value of a reference. Throws an error with the reason when it cannot be read. */
export async function readReference(
  reference: string,
  io: Omit<SourceIo, 'signal'>,
): Promise<string> {
  const problem = referenceProblem(reference, io.env)
  const { source, place } = split(reference)
  if (problem !== null || !source) throw new Error(problem ?? '')
  for (let attempt = 0; ; attempt += 1) {
    try {
      const value = await source.read(place, { ...io, signal: AbortSignal.timeout(timeoutMs) })
      if (value === '') throw new Error('the value is empty')
      if (value.includes('\0'))
        throw new Error('the value contains the character NUL: store it as base64')
      return value
    } catch (error) {
      const pause = pausesMs[attempt]
      if (!(error instanceof Unavailable) || pause === undefined) throw error
      await sleep(pause)
    }
  }
}
