import { deflateRawSync, inflateRawSync } from 'node:zlib'

/** Values of a block. */
export const blockSize = 360

/** Start of the block with a moment, in milliseconds; `step` is in seconds. */
export const blockStart = (at: number, step: number): number => {
  const length = blockSize * step * 1000
  return Math.floor(at / length) * length
}

/** Place of a moment in its block. */
export const placeIn = (at: number, step: number): number =>
  Math.floor((at - blockStart(at, step)) / (step * 1000))

export const emptyBlock = (): Float32Array => new Float32Array(blockSize).fill(NaN)

/** Constant and unknown values, which most blocks have, take a few bytes. */
export const encodeBlock = (values: Float32Array): Buffer =>
  deflateRawSync(Buffer.from(values.buffer, values.byteOffset, values.byteLength), { level: 3 })

export function decodeBlock(bytes: Buffer): Float32Array {
  const plain = inflateRawSync(bytes, { maxOutputLength: blockSize * 4 })
  const values = emptyBlock()
  new Uint8Array(values.buffer).set(plain)
  return values
}

/**
 * One value for several. A count is the mean over the moments that were measured, with zero for
 * those that counted nothing. `most` is the greatest value, `mean` that of the known ones.
 */
export function rollUp(
  values: ArrayLike<number>,
  kind: 'count' | 'most' | 'mean',
  measured: number,
): number {
  let [sum, known, most] = [0, 0, NaN]
  for (const value of Array.from(values)) {
    if (Number.isNaN(value)) continue
    sum += value
    known += 1
    most = Number.isNaN(most) ? value : Math.max(most, value)
  }
  if (known === 0) return NaN
  if (kind === 'most') return most
  return sum / (kind === 'count' ? Math.max(known, measured) : known)
}
