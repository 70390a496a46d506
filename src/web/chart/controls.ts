import uPlot from 'uplot'
import { addPinch } from './pinch.ts'

export interface Controls {
  /** puts the cursor back on the point that the keyboard chose, after the data changed */
  restore(): void
  /** shows all of x again, in charts in sync too */
  showAll(): void
  remove(): void
}

type Range = [low: number, high: number]

/** Moves the cursor and zooms by keys and by touch. uPlot itself follows the mouse. */
export function addControls(plot: uPlot, sync?: string): Controls {
  const { over } = plot
  let chosen: number | null = null
  const moveTo = (left: number): void =>
    // The third argument publishes the move to charts in sync; the types of uPlot lack it.
    (plot.setCursor as (at: object, fire: boolean, publish: boolean) => void)(
      { left, top: left < 0 ? left : over.clientHeight / 2 },
      true,
      true,
    )
  const restore = (): void => {
    if (chosen !== null) moveTo(plot.valToPos(chosen, 'x'))
  }
  // uPlot shows all of x after a double click, and publishes it to charts in sync.
  const showAll = (): void => void over.dispatchEvent(new MouseEvent('dblclick'))
  const wholeOf = (): Range => {
    const [x] = plot.data
    const { min = 0, max = 0 } = plot.scales['x'] ?? {}
    return [x[0] ?? min, x.at(-1) ?? max]
  }
  /** Shows a part of x with at least three points, in charts in sync too. */
  const show = ([low, high]: Range): boolean => {
    const [x] = plot.data
    const whole = wholeOf()
    if (low === whole[0] && high === whole[1]) {
      showAll()
      return false
    }
    const { first, last } = visibleOf(x, { min: low, max: high })
    if (last - first < 2) return false
    const plots = sync === undefined ? [plot] : uPlot.sync(sync).plots
    for (const one of plots) one.setScale('x', { min: low, max: high })
    return true
  }
  const zoom = (factor: number, index: number): void => {
    const { min = 0, max = 0 } = plot.scales['x'] ?? {}
    const at = plot.data[0][index] ?? max
    if (show(zoomed([min, max], { at, factor, whole: wholeOf() }))) moveTo(plot.valToPos(at, 'x'))
  }
  const pinch = addPinch(plot, { whole: wholeOf, show })
  const onKey = (event: KeyboardEvent): void => {
    if (event.altKey || event.ctrlKey || event.metaKey) return
    const [x] = plot.data
    const visible = visibleOf(x, plot.scales['x'])
    const index = plot.cursor.idx ?? visible.last
    if (Object.hasOwn(zooms, event.key)) {
      event.preventDefault()
      return zoom(zooms[event.key]!, index)
    }
    const next = nextIndex(event.key, index, visible)
    if (next === null) return
    event.preventDefault()
    chosen = x[next] ?? null
    restore()
  }
  const onPointer = (event: PointerEvent): void => {
    chosen = null
    if (event.pointerType === 'touch' && !pinch.isActive()) moveTo(event.offsetX)
  }
  const onBlur = (): void => {
    chosen = null
    moveTo(-10)
  }
  over.style.touchAction = 'pan-y'
  over.addEventListener('keydown', onKey)
  over.addEventListener('pointermove', onPointer)
  over.addEventListener('blur', onBlur)
  const remove = (): void => {
    pinch.remove()
    over.removeEventListener('keydown', onKey)
    over.removeEventListener('pointermove', onPointer)
    over.removeEventListener('blur', onBlur)
  }
  return { restore, showAll, remove }
}

/** How many times longer the part of x gets by a key. */
const zooms: Record<string, number> = { '+': 0.5, '=': 0.5, '-': 2, '0': Infinity }

/** A range that is `factor` times as long, in which `at` keeps its place, within the whole. */
export function zoomed(
  [low, high]: Range,
  { at, factor, whole }: { at: number; factor: number; whole: Range },
): Range {
  if (factor === Infinity) return whole
  const middle = Math.min(Math.max(at, low), high)
  return [
    Math.max(middle - (middle - low) * factor, whole[0]),
    Math.min(middle + (high - middle) * factor, whole[1]),
  ]
}

/** The first and the last index whose x is shown. */
export function visibleOf(
  x: ArrayLike<number>,
  { min = -Infinity, max = Infinity }: { min?: number | undefined; max?: number | undefined } = {},
): { first: number; last: number } {
  let [first, last] = [0, x.length - 1]
  while (first < last && x[first]! < min) first += 1
  while (last > first && x[last]! > max) last -= 1
  return { first, last }
}

/**
 * The index between `first` and `last` that a key moves to, as in the slider pattern of WAI-ARIA;
 * null for other keys.
 */
export function nextIndex(
  key: string,
  index: number,
  { first, last }: { first: number; last: number },
): number | null {
  const page = Math.max(10, Math.round((last - first + 1) / 20))
  const targets: Record<string, number> = {
    ArrowLeft: index - 1,
    ArrowDown: index - 1,
    ArrowRight: index + 1,
    ArrowUp: index + 1,
    PageDown: index - page,
    PageUp: index + page,
    Home: first,
    End: last,
  }
  const target = targets[key]
  return target === undefined || last < first ? null : Math.min(Math.max(target, first), last)
}
