import { setTimeout as sleep } from 'node:timers/promises'
import { command } from './command.ts'
import { file } from './file.ts'
import { NotNow, type SecretSource, type SourceOptions } from './source.ts'
import { vault } from './vault.ts'

const sources: Record<string, SecretSource> = { file, command, vault }

/** One answer may take so long, and is asked for again after these pauses, in milliseconds. */
const patienceMs = 10_000
const pausesMs = [500, 2000]

const split = (reference: string): [SecretSource | undefined, string] => {
  const at = reference.indexOf(':')
  return [
    Object.hasOwn(sources, reference.slice(0, at)) ? sources[reference.slice(0, at)] : undefined,
    reference.slice(at + 1),
  ]
}

/** What is wrong with a reference, `SOURCE:PLACE`, in words; null when it may be read. */
export function referenceProblem(reference: string, env: SourceOptions['env']): string | null {
  const [source, place] = split(reference)
  if (!source)
    return `must begin with ${Object.keys(sources)
      .map((name) => `${name}:`)
      .join(', ')}`
  return place === '' ? 'must name a place' : source.problem(place, env)
}

/**
 * The value that a reference stands for. Throws an error whose message says why it is not to be
 * had.
 */
export async function readReference(
  reference: string,
  options: Omit<SourceOptions, 'signal'>,
): Promise<string> {
  const problem = referenceProblem(reference, options.env)
  const [source, place] = split(reference)
  if (problem !== null || !source) throw new Error(problem ?? '')
  for (let tries = 0; ; tries += 1) {
    try {
      const value = await source.read(place, {
        ...options,
        signal: AbortSignal.timeout(patienceMs),
      })
      if (value === '') throw new Error('it is empty there')
      return value
    } catch (error) {
      const pause = pausesMs[tries]
      if (!(error instanceof NotNow) || pause === undefined) throw error
      await sleep(pause)
    }
  }
}
