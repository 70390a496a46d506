import type { Normal } from './history.ts'

/** Seconds in which a minute of harm would change what is normal too much. */
export const earlySeconds = 300
/** A rate that is known from a minute before may have moved: its variance counts this much more. */
const widening = 1.5

/**
 * What is normal in the first minutes, per scale: what was known a minute before. Harm that begins
 * in the second minute of a stream would otherwise be learnt before it is found.
 */
export class Early {
  #kept: Normal[][]

  constructor(kept: Normal[][] = []) {
    this.#kept = kept
  }

  /** Adds what is known at the end of a minute; `seconds` is the age of the stream. */
  add(seconds: number, normals: Normal[]): void {
    this.#kept = seconds < earlySeconds ? [...this.#kept.slice(-1), normals.map(widened)] : []
  }

  /** Null when the newest is normal. */
  normal(scale: number): Normal | null {
    return this.#kept[0]?.[scale] ?? null
  }

  save(): Normal[][] {
    return this.#kept
  }
}

const widened = ({ rate, precision, localPrecision }: Normal): Normal => ({
  rate,
  precision: precision / widening,
  localPrecision: localPrecision / widening,
})
