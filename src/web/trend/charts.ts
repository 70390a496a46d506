import type { Trend } from '#contract/change/change.ts'
import type { ChartData, Colour } from '../chart/spec.ts'
import { formatCount, formatShare } from '../ui/number.ts'

type Numbers = Trend['numbers']

/** One number of each run. */
export interface Series {
  name: string
  colour: Colour
  /** null when the run does not know it */
  value: (numbers: Numbers) => number | null
}

export interface TrendChart {
  title: string
  /** where the numbers come from */
  source: string
  series: Series[]
  format: (value: number) => string
  /** the least upper end of the y axis */
  top: number
}

type Covered = { covered: number; lines: number } | null | undefined

const coveredShare = (coverage: Covered): number | null =>
  coverage && coverage.lines > 0 ? coverage.covered / coverage.lines : null

/** The numbers of an app that are shown from run to run. */
export const trendCharts: TrendChart[] = [
  {
    title: 'Tests',
    source: 'a test report',
    series: [
      { name: 'total', colour: 'move', value: ({ tests }) => tests?.total ?? null },
      {
        name: 'failed',
        colour: 'bad',
        value: ({ tests }) => (tests ? tests.failed + tests.errored : null),
      },
    ],
    format: formatCount,
    top: 5,
  },
  {
    title: 'Test duration',
    source: 'a test report',
    series: [{ name: 'seconds', colour: 'move', value: ({ tests }) => tests?.seconds ?? null }],
    format: (value) => `${Number(value.toPrecision(3))} s`,
    top: 1,
  },
  {
    title: 'Line coverage',
    source: 'a coverage report',
    series: [
      {
        name: 'all lines',
        colour: 'move',
        value: ({ coverage }) => coveredShare(coverage?.total),
      },
      {
        name: 'changed lines',
        colour: 'good',
        value: ({ coverage }) => coveredShare(coverage?.changed),
      },
    ],
    format: formatShare,
    top: 1,
  },
  {
    title: 'Findings',
    source: 'a report of findings',
    series: [
      { name: 'errors', colour: 'bad', value: ({ findings }) => findings?.error ?? null },
      { name: 'warnings', colour: 'warn', value: ({ findings }) => findings?.warning ?? null },
    ],
    format: formatCount,
    top: 5,
  },
  {
    title: 'Lines of code',
    source: 'code in a supported language',
    series: [{ name: 'lines', colour: 'move', value: ({ code }) => code?.code ?? null }],
    format: formatCount,
    top: 5,
  },
  {
    title: 'Duplicated lines',
    source: 'code in a supported language',
    series: [
      {
        name: 'duplicated',
        colour: 'move',
        value: ({ code }) => (code && code.code > 0 ? code.duplicated / code.code : null),
      },
    ],
    format: formatShare,
    top: 0.05,
  },
  {
    title: 'Functions with complexity above 15',
    source: 'code in a supported language',
    series: [{ name: 'functions', colour: 'move', value: ({ code }) => code?.complex ?? null }],
    format: formatCount,
    top: 5,
  },
]

/** The columns of a chart: the position of each run, oldest first, then each series. */
export const columnsOf = ({ series }: TrendChart, runs: Trend[]): ChartData => [
  runs.map((_, index) => index),
  ...series.map(({ value }) => runs.map(({ numbers }) => value(numbers))),
]

/** The newest number of each series, and the difference from the first run that has one. */
export function summaryOf(chart: TrendChart, runs: Trend[]): string {
  const parts = chart.series.flatMap(({ name, value }) => {
    const known = runs.flatMap(({ run, numbers }) => {
      const found = value(numbers)
      return found === null ? [] : [{ run, value: found }]
    })
    const [first, last] = [known[0], known.at(-1)]
    if (first === undefined || last === undefined) return []
    const prefix = chart.series.length > 1 ? `${name} ` : ''
    const difference = known.length < 2 ? '' : differenceOf(chart, first.value, last.value)
    const age = last.run === runs.at(-1)?.run ? '' : ` in run ${last.run}, unknown since then`
    return `${prefix}${chart.format(last.value)}${age}${difference}`
  })
  return parts.length === 0 ? `Unknown: no run had ${chart.source}.` : `${parts.join('; ')}.`
}

function differenceOf({ format }: TrendChart, first: number, last: number): string {
  if (last === first) return ', unchanged since the first run'
  const amount = format(Math.abs(last - first)).replace('%', 'points')
  return `, ${amount} ${last > first ? 'more' : 'less'} than in the first run`
}

/** A value in the short form of an axis: 12k, 95 %. */
export function formatShort(value: number, { format }: TrendChart): string {
  if (format === formatShare) return `${Math.round(value * 1000) / 10} %`
  return value >= 1000
    ? `${Number((value / 1000).toPrecision(3))}k`
    : String(Number(value.toPrecision(3)))
}
