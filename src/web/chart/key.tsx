import type { ReactNode } from 'react'
import type { Line } from './spec.ts'

/** An entry of a legend: how a line, an area, or a bar is drawn, and what it stands for. */
export function Key({
  colour,
  width = 0,
  dash,
  fill,
  shape = 'line',
  children,
}: Partial<Line> & { children: ReactNode }) {
  return (
    <span className="inline-flex items-center gap-1.5">
      <svg width="18" height="10" aria-hidden className="shrink-0">
        <path
          d={
            shape === 'histogram'
              ? 'M0,10V1H18V10'
              : fill === undefined
                ? 'M0,5H18'
                : 'M0,0H18V10H0'
          }
          fill={fill === undefined ? 'none' : `var(--${colour})`}
          fillOpacity={fill}
          stroke={width > 0 ? `var(--${colour})` : 'none'}
          strokeWidth={width}
          strokeDasharray={dash?.join(' ')}
        />
      </svg>
      {children}
    </span>
  )
}
