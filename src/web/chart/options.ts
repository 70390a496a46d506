import uPlot from 'uplot'
import { drawLevels, drawMarks, drawShades, drawSpans, fontOf, fontSize } from './draw.ts'
import { histogramPath } from './histogram-path.ts'
import { type Axis, type ChartSpec, isolated, type Line } from './spec.ts'
import type { Palette } from './theme.ts'
import { elapsedSteps, formatElapsed, formatInstant, indexSteps, logTicks } from './ticks.ts'

interface Given {
  /** read at each draw, so that ranges, levels, and marks can change with the data */
  spec: () => ChartSpec
  palette: Palette
  width: number
  height: number
  /** charts with the same key share their cursor */
  sync?: string | undefined
  onCursor: (plot: uPlot) => void
  /** called when a part of x is shown, or the whole again */
  onZoom: (plot: uPlot) => void
}

/** The options of uPlot for a chart. Everything that `structureOf` names is read once. */
export function optionsOf({
  spec,
  palette,
  width,
  height,
  sync,
  onCursor,
  onZoom,
}: Given): uPlot.Options {
  const { x, y, lines, bands = [] } = spec()
  return {
    width,
    height,
    ms: 1,
    padding: [18, 22, 0, 0],
    legend: { show: false },
    scales: {
      x: {
        ...scaleOf(x, () => spec().x),
        range: ({ data }, low, high) => shownRange(spec().x.range, data[0], [low, high]),
      },
      y: scaleOf(y, () => spec().y),
    },
    series: [{}, ...lines.map((line) => seriesOf(line, palette))],
    bands: bands.map(({ low, high, colour, opacity }) => ({
      series: [high, low],
      fill: () => palette(colour, opacity),
    })),
    axes: [
      {
        ...axisOf(() => spec().x, 76, palette),
        size: 26,
        grid: { show: false },
        ticks: { size: 4, width: 1, stroke: () => palette('edge-strong') },
        border: { show: true, width: 1, stroke: () => palette('edge-strong') },
      },
      {
        ...axisOf(() => spec().y, 32, palette),
        size: (_, values) => axisWidth(values ?? []),
        grid: { width: 1, stroke: () => palette('edge') },
        ticks: { show: false },
      },
    ],
    cursor: {
      y: false,
      // A click moves the cursor; a longer way with the button pressed shows this part of x.
      drag: { x: true, y: false, dist: 8 },
      points: {
        size: (_, index) => (lines[index - 1]?.width ? 7 : 0),
        width: 0,
        fill: (_, index) => palette(lines[index - 1]?.colour ?? 'ink'),
      },
      ...(sync === undefined ? {} : { sync: { key: sync, scales: ['x', null] } }),
    },
    hooks: {
      drawAxes: [
        (plot) => drawShades(plot, spec(), palette),
        (plot) => drawMarks(plot, spec(), palette),
      ],
      draw: [
        (plot) => drawLevels(plot, spec(), palette),
        (plot) => drawSpans(plot, spec(), palette),
      ],
      setCursor: [onCursor],
      setScale: [
        (plot, scale) => {
          if (scale === 'x') onZoom(plot)
        },
      ],
    },
  }
}

/** What an instance of uPlot cannot change later; equal text means that it can be kept. */
export const structureOf = ({ x, y, lines, bands }: ChartSpec, sync = ''): string =>
  JSON.stringify([x.scale, y.scale, lines, bands, sync])

type Range = [low: number, high: number]

/** The range of x to show: a part of the data as wanted, or the whole range of the axis. */
export function shownRange(
  whole: Range,
  x: ArrayLike<number>,
  [low, high]: [number | null, number | null],
): Range {
  const [first, last] = [x[0], x[x.length - 1]]
  if (low === null || high === null || first === undefined || last === undefined) return whole
  return low <= first && high >= last ? whole : [low, high]
}

function scaleOf({ scale }: Axis, axis: () => Axis): uPlot.Scale {
  return {
    time: scale === 'time',
    distr: scale === 'log' ? 3 : 1,
    range: () => axis().range,
  }
}

function axisOf(axis: () => Axis, space: number, palette: Palette): uPlot.Axis {
  const { scale } = axis()
  const format = (value: number): string =>
    (axis().format ?? (scale === 'elapsed' ? formatElapsed : String))(value)
  return {
    font: fontOf(fontSize),
    space,
    gap: 5,
    stroke: () => palette('soft'),
    ...(scale === 'elapsed' ? { incrs: elapsedSteps } : {}),
    ...(scale === 'index' ? { incrs: indexSteps } : {}),
    ...(scale === 'log'
      ? {
          splits: (plot: uPlot, index: number, low: number, high: number) =>
            logTicks(low, high, Math.max(2, Math.floor(lengthOf(plot, index) / space))),
          filter: (_: uPlot, splits: number[]) => splits,
        }
      : {}),
    values: (_, splits, __, ___, step) =>
      splits.map((value) => (scale === 'time' ? formatInstant(value, step) : format(value))),
  }
}

const lengthOf = ({ over }: uPlot, axis: number): number =>
  axis === 0 ? over.clientWidth : over.clientHeight

/** Room for the longest label; the digits of the font are at most 6.6 pixels wide. */
const axisWidth = (values: string[]): number =>
  Math.max(42, Math.ceil(Math.max(0, ...values.map((value) => value.length)) * 6.6) + 8)

function seriesOf(
  { colour, width, dash, shape = 'line', fill }: Line,
  palette: Palette,
): uPlot.Series {
  const isHistogram = shape === 'histogram'
  // Zooming draws the same values many times.
  const alone = new WeakMap<object, number[]>()
  return {
    width,
    ...(width > 0 ? { stroke: () => palette(colour) } : {}),
    ...(fill === undefined ? {} : { fill: () => palette(colour, fill) }),
    ...(dash ? { dash } : {}),
    ...(isHistogram ? { paths: histogramPath } : {}),
    ...(shape === 'steps' ? { paths: uPlot.paths.stepped!({ align: 1 }) } : {}),
    points: {
      show: false,
      size: 5,
      ...(isHistogram || width === 0
        ? {}
        : {
            filter: (plot: uPlot, index: number) => {
              const [from, to] = plot.series[0]!.idxs ?? [0, -1]
              const values = plot.data[index] ?? []
              const all = alone.get(values) ?? isolated(values)
              alone.set(values, all)
              const found = all.filter((i) => i >= from && i <= to)
              return found.length > 0 ? found : null
            },
          }),
    },
  }
}
