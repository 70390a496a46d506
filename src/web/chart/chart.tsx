import { type ReactNode, useEffect, useLayoutEffect, useRef, useState } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { Button } from '../ui/button.tsx'
import { addControls, type Controls } from './controls.ts'
import { optionsOf, structureOf } from './options.ts'
import type { ChartData, ChartSpec } from './spec.ts'
import { createPalette, onThemeChange } from './theme.ts'

interface Props {
  /** what the chart is about, in a few words; names its parts for screen readers */
  title: string
  /** what the chart shows, in one sentence */
  label: string
  spec: ChartSpec
  data: ChartData
  /** the values at an index of the data, in words */
  read: (index: number) => ReactNode
  /** the index to read while no other is chosen; the newest by default */
  initial?: number | undefined
  /** charts with the same key show the cursor at the same x */
  sync?: string | undefined
}

/** Height in CSS pixels, with axes. */
export const chartHeight = 208

/**
 * A chart, drawn by uPlot on a canvas. The values at any point can be read with the pointer and
 * with the keyboard, below the chart and by a screen reader.
 */
export function Chart({ title, label, spec, data, read, initial, sync }: Props) {
  const frame = useRef<HTMLDivElement>(null)
  const readout = useRef<HTMLParagraphElement>(null)
  const current = useRef<{ plot: uPlot; controls: Controls } | null>(null)
  const latest = useRef({ spec, data })
  latest.current = { spec, data }
  const drawn = useRef(latest.current)
  const [chosen, choose] = useState<number | null>(null)
  const [isZoomed, setZoomed] = useState(false)
  const structure = structureOf(spec, sync)

  useLayoutEffect(() => {
    const root = frame.current
    if (!root) return
    const { palette, forget } = createPalette(root)
    const made = new uPlot(
      optionsOf({
        spec: () => latest.current.spec,
        palette,
        width: Math.max(1, root.clientWidth),
        height: chartHeight,
        sync,
        onCursor: ({ cursor }) => choose(cursor.idx ?? null),
        onZoom: (plot) => setZoomed(isPart(plot, latest.current.spec)),
      }),
      latest.current.data,
      root,
    )
    drawn.current = latest.current
    const controls = addControls(made, sync)
    current.current = { plot: made, controls }
    const stopTheme = onThemeChange(() => {
      forget()
      made.redraw(false)
    })
    const observer = new ResizeObserver(() => {
      if (root.clientWidth > 0 && root.clientWidth !== made.width)
        made.setSize({ width: root.clientWidth, height: chartHeight })
    })
    observer.observe(root)
    return () => {
      observer.disconnect()
      stopTheme()
      controls.remove()
      made.destroy()
      root.replaceChildren()
      current.current = null
    }
  }, [structure, sync])

  useEffect(() => {
    if (drawn.current.data === data && drawn.current.spec === spec) return
    drawn.current = { data, spec }
    if (!current.current) return
    const { plot, controls } = current.current
    const { min, max } = plot.scales['x'] ?? {}
    const [low, high] = spec.x.range
    // A part of x stays as it is while it is in the data.
    const staysZoomed = isZoomed && min! < high && max! > low
    // In a batch, uPlot applies the new ranges immediately.
    plot.batch(() => {
      plot.setData(data, !staysZoomed)
      if (staysZoomed) plot.setScale('x', { min: min!, max: max! })
    })
    controls.restore()
  }, [data, spec, isZoomed])

  const last = data[0].length - 1
  const index = Math.min(chosen ?? initial ?? last, last)
  useEffect(() => {
    if (current.current)
      describe(current.current.plot, { title, label, index, last }, readout.current)
  })
  return (
    <>
      <div ref={frame} style={{ height: chartHeight }} className="min-w-0 overflow-hidden" />
      {isZoomed ? (
        <Button
          className="float-right ml-3 text-small"
          aria-label={`Show all of ${title}`}
          onClick={() => current.current?.controls.showAll()}
        >
          Show all
        </Button>
      ) : null}
      <p ref={readout} className="min-h-[2.9em] text-small text-soft">
        {index < 0 ? null : read(index)}
      </p>
    </>
  )
}

/** Whether only a part of x is shown. */
function isPart({ scales }: uPlot, { x: { range } }: ChartSpec): boolean {
  const { min = -Infinity, max = Infinity } = scales['x'] ?? {}
  const least = (range[1] - range[0]) * 1e-9
  return min > range[0] + least || max < range[1] - least
}

/** Names the canvas, and presents its drawing area as a slider over the points. */
function describe(
  { ctx, over }: uPlot,
  { title, label, index, last }: { title: string; label: string; index: number; last: number },
  readout: HTMLElement | null,
): void {
  const set = (element: HTMLElement, attributes: Record<string, string>): void => {
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  }
  set(ctx.canvas, { role: 'img', 'aria-label': label })
  set(over, {
    role: 'slider',
    tabindex: '0',
    'aria-label': `Data point of ${title}`,
    'aria-valuemin': '1',
    'aria-valuemax': String(last + 1),
    'aria-valuenow': String(index + 1),
    'aria-valuetext': readout?.textContent ?? '',
  })
}
