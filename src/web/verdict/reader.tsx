import type { KeyboardEvent, PointerEvent } from 'react'

/** Where a drawing is within its plot, in pixels. */
export interface Box {
  left: number
  right: number
  top: number
  bottom: number
}

const moves: Record<string, (point: number, last: number) => number> = {
  ArrowLeft: (point) => point - 1,
  ArrowDown: (point) => point - 1,
  ArrowRight: (point) => point + 1,
  ArrowUp: (point) => point + 1,
  PageDown: (point) => point - 10,
  PageUp: (point) => point + 10,
  Home: () => 0,
  End: (_, last) => last,
}

/** Lies over a drawing and chooses a point of it. */
export function Reader({
  box,
  places,
  point,
  choose,
}: {
  box: Box
  places: number[]
  point: number
  choose: (point: number | null) => void
}) {
  const last = places.length - 1
  const onPointer = (event: PointerEvent<HTMLElement>): void => {
    const at = event.clientX - event.currentTarget.getBoundingClientRect().left + box.left
    choose(nearest(places, at))
  }
  const onKey = (event: KeyboardEvent): void => {
    const move = moves[event.key]
    if (!move) return
    event.preventDefault()
    choose(Math.min(Math.max(move(point, last), 0), last))
  }
  return (
    <div
      role="slider"
      tabIndex={0}
      aria-label="Point to read"
      aria-valuemin={1}
      aria-valuemax={places.length}
      aria-valuenow={point + 1}
      onPointerMove={onPointer}
      onPointerDown={onPointer}
      onPointerLeave={() => choose(null)}
      onKeyDown={onKey}
      onBlur={() => choose(null)}
      className="absolute touch-pan-y"
      style={{
        left: box.left,
        width: Math.max(0, box.right - box.left),
        top: box.top,
        height: box.bottom - box.top,
      }}
    />
  )
}

export function nearest(places: number[], at: number): number {
  let best = 0
  places.forEach((place, i) => {
    if (Math.abs(place - at) < Math.abs((places[best] ?? 0) - at)) best = i
  })
  return best
}
