import type uPlot from 'uplot'
import type { ChartSpec } from './spec.ts'
import type { Palette } from './theme.ts'
import { labelsThatFit } from './ticks.ts'

type Painter = (plot: uPlot, spec: ChartSpec, palette: Palette) => void

const fontFamily =
  'system-ui, -apple-system, "Segoe UI", Roboto, Inter, "Helvetica Neue", Arial, sans-serif'

/** A font of the labels in a chart, for a size in pixels. */
export const fontOf = (size: number): string => `${size}px ${fontFamily}`

/** CSS pixels of a label. */
export const fontSize = 11

/** Pixels of the canvas, in which uPlot gives positions, for each CSS pixel. */
const densityOf = (plot: uPlot): number => plot.ctx.canvas.width / plot.width

/** Fills the area above each level that has a shade. */
export const drawShades: Painter = (plot, { levels = [] }, palette) => {
  const { ctx, bbox } = plot
  for (const { value, colour, shade } of levels) {
    if (shade === undefined) continue
    const bottom = Math.min(plot.valToPos(value, 'y', true), bbox.top + bbox.height)
    ctx.fillStyle = palette(colour, shade)
    ctx.fillRect(bbox.left, bbox.top, bbox.width, Math.max(0, bottom - bbox.top))
  }
}

/** Draws each level within the range, with its label above its right end. */
export const drawLevels: Painter = (plot, { levels = [] }, palette) => {
  const { ctx, bbox } = plot
  const density = densityOf(plot)
  ctx.save()
  ctx.font = fontOf(fontSize * density)
  for (const { value, colour, width, dash = [], label } of levels) {
    const y = plot.valToPos(value, 'y', true)
    if (!(y >= bbox.top && y <= bbox.top + bbox.height)) continue
    ctx.strokeStyle = ctx.fillStyle = palette(colour)
    ctx.lineWidth = width * density
    ctx.setLineDash(dash.map((length) => length * density))
    line(ctx, [bbox.left, y], [bbox.left + bbox.width, y])
    if (label === undefined) continue
    ctx.textAlign = 'right'
    ctx.textBaseline = 'bottom'
    ctx.fillText(label, bbox.left + bbox.width - 4 * density, y - 3 * density)
  }
  ctx.restore()
}

/** Room for the label of a mark, in CSS pixels. */
const labelWidth = 46

/** Draws each mark, with its label above it where the labels before leave room. */
export const drawMarks: Painter = (plot, { marks = [] }, palette) => {
  const { ctx, bbox } = plot
  const density = densityOf(plot)
  const right = bbox.left + bbox.width
  const inside = marks
    .map((mark) => ({ ...mark, x: plot.valToPos(mark.x, 'x', true) }))
    .filter(({ x }) => x >= bbox.left && x <= right)
  const fits = labelsThatFit(
    inside.map(({ x }) => x),
    labelWidth * density,
    right,
  )
  ctx.save()
  ctx.font = fontOf(fontSize * density)
  ctx.fillStyle = palette('soft')
  ctx.lineWidth = density
  ctx.setLineDash([2 * density, 3 * density])
  ctx.textAlign = 'left'
  ctx.textBaseline = 'bottom'
  inside.forEach(({ x, label, colour = 'edge-strong' }, i) => {
    ctx.strokeStyle = palette(colour)
    line(ctx, [x, bbox.top], [x, bbox.top + bbox.height])
    if (label !== undefined && fits[i]) ctx.fillText(label, x, bbox.top - 4 * density)
  })
  ctx.restore()
}

/** Height of a span, in CSS pixels. */
const spanHeight = 4

/** Draws each span on the x axis. */
export const drawSpans: Painter = (plot, { spans = [] }, palette) => {
  const { ctx, bbox } = plot
  const height = spanHeight * densityOf(plot)
  const inside = (x: number): number =>
    Math.min(Math.max(plot.valToPos(x, 'x', true), bbox.left), bbox.left + bbox.width)
  for (const { from, until, colour } of spans) {
    const [left, right] = [inside(from), inside(until)]
    ctx.fillStyle = palette(colour)
    ctx.fillRect(left, bbox.top + bbox.height - height, Math.max(0, right - left), height)
  }
}

type Point = [x: number, y: number]

function line(ctx: CanvasRenderingContext2D, from: Point, to: Point): void {
  ctx.beginPath()
  ctx.moveTo(...from)
  ctx.lineTo(...to)
  ctx.stroke()
}
