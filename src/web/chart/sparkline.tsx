import { useLayoutEffect, useRef } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { createPalette, onThemeChange } from './theme.ts'

/** Counts of equal periods as bars without axes, the oldest first, drawn by uPlot on a canvas. */
export function Sparkline({
  counts,
  label,
  className = 'h-6 w-32',
}: {
  counts: readonly number[]
  label: string
  className?: string
}) {
  const frame = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const latest = useRef(counts)
  latest.current = counts

  useLayoutEffect(() => {
    const root = frame.current
    if (!root) return
    const { palette, forget } = createPalette(root)
    const size = () => ({
      width: Math.max(1, root.clientWidth),
      height: Math.max(1, root.clientHeight),
    })
    const colours = { fill: () => palette('bad'), ground: () => palette('edge') }
    const made = new uPlot({ ...size(), ...optionsOf(colours) }, dataOf(latest.current), root)
    made.ctx.canvas.setAttribute('aria-hidden', 'true')
    plot.current = made
    const stopTheme = onThemeChange(() => {
      forget()
      made.redraw(false)
    })
    const observer = new ResizeObserver(() => made.setSize(size()))
    observer.observe(root)
    return () => {
      observer.disconnect()
      stopTheme()
      made.destroy()
      root.replaceChildren()
      plot.current = null
    }
  }, [])
  const text = counts.join(' ')
  useLayoutEffect(() => plot.current?.setData(dataOf(latest.current)), [text])
  return (
    <div ref={frame} role="img" aria-label={label} className={`overflow-hidden ${className}`} />
  )
}

const dataOf = (counts: readonly number[]): uPlot.AlignedData => [
  counts.map((_, i) => i),
  counts.map((count) => (count === 0 ? null : count)),
]

/** A bar is at least this high, in CSS pixels, so that a single event is seen. */
const leastHeight = 2

interface Colours {
  fill: () => string
  ground: () => string
}

function optionsOf({ fill, ground }: Colours): Omit<uPlot.Options, 'width' | 'height'> {
  return {
    padding: [0, 0, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    axes: [{ show: false }, { show: false }],
    scales: {
      x: { time: false, range: ({ data: [x] }) => [-0.5, x.length - 0.5] },
      y: {
        range: ({ height }, _low, most) => {
          const top = Math.max(1, most ?? 1)
          // The least bar stands on a ground of its own height.
          return [-(top * leastHeight) / Math.max(1, height - leastHeight), top]
        },
      },
    },
    series: [
      {},
      {
        fill,
        fillTo: ({ scales }) => scales['y']?.min ?? 0,
        width: 0,
        points: { show: false },
        paths: uPlot.paths.bars!({ size: [0.75], align: 0 }),
      },
    ],
    hooks: { drawClear: [(plot) => drawGround(plot, ground())] },
  }
}

function drawGround({ ctx, bbox }: uPlot, colour: string): void {
  const density = devicePixelRatio
  // uPlot sets a style only when it differs from the one that it set before.
  ctx.save()
  ctx.fillStyle = colour
  ctx.fillRect(bbox.left, bbox.top + bbox.height - density, bbox.width, density)
  ctx.restore()
}
