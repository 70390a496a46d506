import type uPlot from 'uplot'

/** Edges of bars around their middles: half way between neighbours, in pixels. */
export function barEdges(middles: number[], left: number, right: number): number[] {
  const last = middles.length - 1
  if (last < 0) return []
  if (last === 0) return [left, right]
  const inner = middles.slice(1).map((middle, i) => (middles[i]! + middle) / 2)
  return [2 * middles[0]! - inner[0]!, ...inner, 2 * middles[last]! - inner.at(-1)!]
}

/** Draws the outline of a histogram: along the tops of the bars, from zero to zero. */
export const histogramPath: uPlot.Series.PathBuilder = (plot, seriesIdx, from, to) => {
  const values = plot.data[seriesIdx] ?? []
  const { left, width } = plot.bbox
  const middles = Array.from(plot.data[0].slice(from, to + 1), (x) => plot.valToPos(x, 'x', true))
  const edges = barEdges(middles, left, left + width)
  const ground = plot.valToPos(0, 'y', true)
  const stroke = new Path2D()
  stroke.moveTo(edges[0] ?? left, ground)
  middles.forEach((_, i) => {
    const top = plot.valToPos(values[from + i] ?? 0, 'y', true)
    stroke.lineTo(edges[i]!, top)
    stroke.lineTo(edges[i + 1]!, top)
  })
  stroke.lineTo(edges.at(-1) ?? left, ground)
  return { stroke, fill: stroke }
}
