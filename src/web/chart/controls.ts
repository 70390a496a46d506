import type uPlot from 'uplot'

export interface Controls {
  /** puts the cursor back on the point that the keyboard chose, after the data changed */
  restore(): void
  remove(): void
}

/** Moves the cursor by keys and by touch. uPlot itself follows the mouse. */
export function addControls(plot: uPlot): Controls {
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
  const onKey = (event: KeyboardEvent): void => {
    const [x] = plot.data
    const next = nextIndex(event.key, plot.cursor.idx ?? x.length - 1, x.length)
    if (next === null) return
    event.preventDefault()
    chosen = x[next] ?? null
    restore()
  }
  const onPointer = (event: PointerEvent): void => {
    chosen = null
    if (event.pointerType === 'touch') moveTo(event.offsetX)
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
    over.removeEventListener('keydown', onKey)
    over.removeEventListener('pointermove', onPointer)
    over.removeEventListener('blur', onBlur)
  }
  return { restore, remove }
}

/** The index that a key moves to, as in the slider pattern of WAI-ARIA; null for other keys. */
export function nextIndex(key: string, index: number, length: number): number | null {
  const page = Math.max(10, Math.round(length / 20))
  const targets: Record<string, number> = {
    ArrowLeft: index - 1,
    ArrowDown: index - 1,
    ArrowRight: index + 1,
    ArrowUp: index + 1,
    PageDown: index - page,
    PageUp: index + page,
    Home: 0,
    End: length - 1,
  }
  const target = targets[key]
  return target === undefined || length === 0 ? null : Math.min(Math.max(target, 0), length - 1)
}
