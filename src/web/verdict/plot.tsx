import { type ReactNode, useState } from 'react'
import { type Box, Reader } from './reader.tsx'
import type { Scale } from './scale.ts'

export interface Axis {
  scale: Scale
  ticks: number[]
  format: (value: number) => string
}

export const plotHeight = 208

/** Where the drawing is within a plot of a width; labels stand around it. */
export const boxOf = (width: number): Box => ({
  left: 42,
  right: width - 8,
  top: 18,
  bottom: plotHeight - 22,
})

/** A drawing with its axes, of which any point can be read by the pointer and by the keyboard. */
export function Plot({
  width,
  label,
  x,
  y,
  places,
  first = places.length - 1,
  read,
  children,
}: {
  width: number
  label: string
  x: Axis
  y: Axis
  /** where the points are on the x axis, in pixels, and what can be read there */
  places: number[]
  /** what is read as long as nothing else is asked for: the newest, unless told */
  first?: number
  read: (point: number) => ReactNode
  children: ReactNode
}) {
  const [chosen, choose] = useState<number | null>(null)
  const box = boxOf(width)
  const point = Math.min(chosen ?? first, places.length - 1)
  return (
    <>
      <div className="relative" style={{ height: plotHeight }}>
        <svg
          width={width}
          height={plotHeight}
          role="img"
          aria-label={label}
          className="block text-[11px]"
        >
          <Rules axis={y} box={box} />
          {children}
          <Feet axis={x} box={box} />
          {chosen === null ? null : (
            <line
              x1={places[point]}
              x2={places[point]}
              y1={box.top}
              y2={box.bottom}
              className="stroke-ink"
            />
          )}
        </svg>
        <Reader box={box} places={places} point={point} choose={choose} />
      </div>
      <p
        className="min-h-[2.9em] text-[0.9em] text-soft"
        aria-live={chosen === null ? 'off' : 'polite'}
      >
        {read(point)}
      </p>
    </>
  )
}

function Rules({ axis, box }: { axis: Axis; box: Box }) {
  return axis.ticks.map((tick) => (
    <g key={tick}>
      <line
        x1={box.left}
        x2={box.right}
        y1={axis.scale(tick)}
        y2={axis.scale(tick)}
        className="stroke-edge"
      />
      <text x={box.left - 6} y={axis.scale(tick) + 4} textAnchor="end" className="fill-soft">
        {axis.format(tick)}
      </text>
    </g>
  ))
}

function Feet({ axis, box }: { axis: Axis; box: Box }) {
  return (
    <>
      <line
        x1={box.left}
        x2={box.right}
        y1={box.bottom}
        y2={box.bottom}
        className="stroke-edge-strong"
      />
      {axis.ticks.map((tick) => (
        <g key={tick}>
          <line
            x1={axis.scale(tick)}
            x2={axis.scale(tick)}
            y1={box.bottom}
            y2={box.bottom + 4}
            className="stroke-edge-strong"
          />
          <text
            x={axis.scale(tick)}
            y={box.bottom + 16}
            textAnchor={anchor(axis.scale(tick), box)}
            className="fill-soft"
          >
            {axis.format(tick)}
          </text>
        </g>
      ))}
    </>
  )
}

/** A label at the right edge ends there. */
const anchor = (x: number, box: Box): 'middle' | 'end' => (x > box.right - 14 ? 'end' : 'middle')
