import { createHash } from 'node:crypto'
import type { Exception, Frame } from '#contract/error/error.ts'
import { stableFunction, stablePath } from './paths.ts'

/** Own frames nearest to the place of an exception that tell it from others. */
const framesUsed = 8

/**
 * Names the group of an error. Two events have the same one when the same exceptions, causes
 * included, were thrown along the same own functions. Neither lines nor messages count, so that it
 * is stable over releases, except for an error without frames, whose message has nothing that looks
 * like an id, a number or an address.
 */
export function fingerprintOf(exceptions: Exception[], message: string): string {
  const parts = exceptions.map(({ type, frames }) => [type, ...framesOf(frames)])
  const hasFrames = parts.some((part) => part.length > 1)
  return hash(hasFrames ? parts : [...parts, plainMessage(message)])
}

/** The group that an SDK states; `{{ default }}` stands for the group that Fairlead finds. */
export const statedFingerprint = (stated: string[], found: string): string =>
  hash(stated.map((part) => (/^\{\{\s*default\s*\}\}$/.test(part) ? found : part)))

const hash = (parts: unknown): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)

function framesOf(frames: Frame[]): string[] {
  const own = frames.filter(({ isOwn }) => isOwn)
  const named = (own.length > 0 ? own : frames).map(
    ({ function: name, file }) =>
      `${file === null ? '' : stablePath(file)} ${name === null ? '' : stableFunction(name)}`,
  )
  // A recursion of another depth is the same error.
  return named.filter((name, i) => name !== named[i - 1]).slice(0, framesUsed)
}

/** A message without what differs between two events. */
export const plainMessage = (message: string): string =>
  message
    .slice(0, 500)
    .replace(/[\w.+-]{1,64}@[\w.-]{1,64}/g, '‹address›')
    .replace(/\b[0-9a-f]{8}-[0-9a-f-]{27}\b/gi, '‹id›')
    .replace(/\b0x[0-9a-f]+\b/gi, '‹id›')
    .replace(/\b(?=[a-z]*\d)[0-9a-f]{8,}\b/gi, '‹id›')
    .replace(/\d+(?:[.:]\d+)*/g, '‹n›')

/** The frame that names a group: the first own one, otherwise the first one. */
export function placeOf(exceptions: Exception[]): string | null {
  const frames = exceptions.flatMap((one) => one.frames)
  const frame = frames.find(({ isOwn }) => isOwn) ?? frames[0]
  if (!frame) return null
  const { function: name, file } = frame
  return (
    [name, file]
      .filter((part) => part !== null)
      .join(' in ')
      .slice(0, 300) || null
  )
}
