import { InvalidArgumentError } from 'commander'

/** A number of a run or deployment, as people write it: `12` or `#12`. */
export function number(text: string): number {
  const value = Number(text.replace(/^#/, ''))
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('It must be a number such as 12.')
  return value
}

export function count(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > 500)
    throw new InvalidArgumentError('It must be a number from 1 to 500.')
  return value
}
