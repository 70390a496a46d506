import { readFile } from 'node:fs/promises'
import { InvalidArgumentError } from 'commander'
import { FairleadError } from '#contract/errors.ts'
import { type Hours, readHours } from '#contract/oncall/oncall.ts'

/** The number of a run or deployment: `12` or `#12`. */
export function number(text: string): number {
  const value = Number(text.replace(/^#/, ''))
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('It must be a number such as 12.')
  return value
}

export function count(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > 500)
    throw new InvalidArgumentError('It must be a number from 1 to 500.')
  return value
}

/** A number of at least 0. */
export function fraction(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value >= 0 && value < 1e9))
    throw new InvalidArgumentError('It must be a number such as 0.5.')
  return value
}

/** A number greater than 0. */
export function positive(text: string): number {
  const value = fraction(text)
  if (value === 0) throw new InvalidArgumentError('It must be more than 0.')
  return value
}

/** A time with its zone, as the API takes it. */
export function moment(text: string): string {
  if (Number.isNaN(Date.parse(text)))
    throw new InvalidArgumentError('It must be a time such as 2026-12-24T18:00:00+01:00.')
  return new Date(text).toISOString()
}

/** `KEY=VALUE`. */
export function assignment(text: string): [string, string] {
  const equals = text.indexOf('=')
  if (equals < 1)
    throw new FairleadError('invalid_input', { field: text, problem: 'must be KEY=VALUE' })
  return [text.slice(0, equals), text.slice(equals + 1)]
}

/** Settings from arguments of the form KEY=VALUE. */
export const settingsOf = (pairs: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=')
      if (at < 1)
        throw new FairleadError('invalid_input', {
          field: 'settings',
          problem: `${pair} must be KEY=VALUE`,
        })
      return [pair.slice(0, at), pair.slice(at + 1)]
    }),
  )

/** Hours of the week. */
export function hours(text: string): Hours[] {
  const found = readHours(text)
  if (!found) throw new InvalidArgumentError('It must be hours such as "mon-fri 09:00-17:00".')
  return found
}

/** Fails for the first option that is missing, where a file can replace all of them. */
export function mustHave(options: Record<string, unknown>): void {
  const [missing] = Object.entries(options).find(([, value]) => value === undefined) ?? []
  if (missing !== undefined)
    throw new FairleadError('invalid_input', {
      field: `--${missing}`,
      problem: 'must be given, unless --file names a file with everything',
    })
}

/** The JSON in a file that an option names. */
export async function jsonFile(file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const problem = error.code === 'ENOENT' ? 'does not exist' : 'cannot be read'
    throw new FairleadError('invalid_input', { field: file, problem })
  })
  try {
    return JSON.parse(text)
  } catch {
    throw new FairleadError('invalid_input', { field: file, problem: 'is not JSON' })
  }
}
