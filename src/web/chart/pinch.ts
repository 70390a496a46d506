import type uPlot from 'uplot'

type Range = [low: number, high: number]
/** The places of two fingers: shares of the width of the chart, from 0 to 1. */
type Fingers = [first: number, second: number]

/** Fingers that are closer than this share of the width zoom no further. */
const leastDistance = 0.03

/**
 * The part of x that is shown when two fingers on it move: what was below each finger stays below
 * it, within the whole. Pure.
 */
export function pinched(
  [low, high]: Range,
  { before, now, whole }: { before: Fingers; now: Fingers; whole: Range },
): Range {
  const [distance, was] = [now[1] - now[0], before[1] - before[0]]
  if (Math.abs(was) < leastDistance || distance / was <= 0) return [low, high]
  const ends = Math.sign(distance) * Math.max(Math.abs(distance), leastDistance)
  const length = ((high - low) * was) / ends
  const middle = low + ((high - low) * (before[0] + before[1])) / 2
  const start = middle - (length * (now[0] + now[1])) / 2
  if (length >= whole[1] - whole[0]) return whole
  const first = Math.min(Math.max(start, whole[0]), whole[1] - length)
  return [first, first + length]
}

interface Start {
  range: Range
  before: Fingers
}

/** Shows a part of x by two fingers. Returns what removes it, and whether two fingers are on it. */
export function addPinch(
  { over, scales }: uPlot,
  { whole, show }: { whole: () => Range; show: (range: Range) => void },
): { remove(): void; isActive(): boolean } {
  const fingers = new Map<number, number>()
  let start: Start | null = null
  const places = (): Fingers => {
    const { left, width } = over.getBoundingClientRect()
    const [first = 0, second = 0] = fingers.values()
    return [(first - left) / width, (second - left) / width]
  }
  const onDown = (event: PointerEvent): void => {
    if (event.pointerType !== 'touch') return
    fingers.set(event.pointerId, event.clientX)
    const { min, max } = scales['x'] ?? {}
    const isPair = fingers.size === 2 && min !== undefined && max !== undefined
    start = isPair ? { range: [min, max], before: places() } : null
  }
  const onMove = (event: PointerEvent): void => {
    if (!fingers.has(event.pointerId)) return
    fingers.set(event.pointerId, event.clientX)
    if (start) show(pinched(start.range, { before: start.before, now: places(), whole: whole() }))
  }
  const onUp = (event: PointerEvent): void => {
    fingers.delete(event.pointerId)
    start = null
  }
  const listeners = {
    pointerdown: onDown,
    pointermove: onMove,
    pointerup: onUp,
    pointercancel: onUp,
  }
  const entries = Object.entries(listeners) as ['pointerdown', (event: PointerEvent) => void][]
  for (const [name, listener] of entries) over.addEventListener(name, listener)
  return {
    isActive: () => start !== null,
    remove: () => {
      for (const [name, listener] of entries) over.removeEventListener(name, listener)
    },
  }
}
