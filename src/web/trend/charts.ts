import type { Trend } from '#contract/change/change.ts'
import { formatCount, formatShare } from '../ui/number.ts'

type Numbers = Trend['numbers']

/** One number of a run; null when it is not known. */
export interface Series {
  name: string
  /** of the line: stroke-… */
  look: string
  value: (numbers: Numbers) => number | null
}

export interface Chart {
  title: string
  /** what must be there for it to be known */
  source: string
  series: Series[]
  format: (value: number) => string
  /** the axis ends there at the least */
  most: number
}

const part = (covered: { covered: number; lines: number } | null | undefined): number | null =>
  covered && covered.lines > 0 ? covered.covered / covered.lines : null

/** What of an app is followed over its runs. */
export const charts: Chart[] = [
  {
    title: 'Tests',
    source: 'a report of tests',
    series: [
      { name: 'all', look: 'stroke-move', value: ({ tests }) => tests?.total ?? null },
      {
        name: 'failed',
        look: 'stroke-bad',
        value: ({ tests }) => (tests ? tests.failed + tests.errored : null),
      },
    ],
    format: formatCount,
    most: 5,
  },
  {
    title: 'Seconds that the tests take',
    source: 'a report of tests',
    series: [
      { name: 'seconds', look: 'stroke-move', value: ({ tests }) => tests?.seconds ?? null },
    ],
    format: (value) => `${Number(value.toPrecision(3))} s`,
    most: 1,
  },
  {
    title: 'Lines that tests reach',
    source: 'a report of coverage',
    series: [
      { name: 'of all', look: 'stroke-move', value: ({ coverage }) => part(coverage?.total) },
      {
        name: 'of the change',
        look: 'stroke-good',
        value: ({ coverage }) => part(coverage?.changed),
      },
    ],
    format: formatShare,
    most: 1,
  },
  {
    title: 'Findings',
    source: 'a report of findings',
    series: [
      { name: 'errors', look: 'stroke-bad', value: ({ findings }) => findings?.error ?? null },
      { name: 'warnings', look: 'stroke-warn', value: ({ findings }) => findings?.warning ?? null },
    ],
    format: formatCount,
    most: 5,
  },
  {
    title: 'Lines of code',
    source: 'a grammar for the language',
    series: [{ name: 'lines', look: 'stroke-move', value: ({ code }) => code?.code ?? null }],
    format: formatCount,
    most: 5,
  },
  {
    title: 'Duplicated lines',
    source: 'a grammar for the language',
    series: [
      {
        name: 'duplicated',
        look: 'stroke-move',
        value: ({ code }) => (code && code.code > 0 ? code.duplicated / code.code : null),
      },
    ],
    format: formatShare,
    most: 0.05,
  },
  {
    title: 'Functions above complexity 15',
    source: 'a grammar for the language',
    series: [
      { name: 'functions', look: 'stroke-move', value: ({ code }) => code?.complex ?? null },
    ],
    format: formatCount,
    most: 5,
  },
]

/** The newest number of each line, and how it differs from the first that is shown. */
export function summaryOf(chart: Chart, runs: Trend[]): string {
  const words = chart.series.flatMap(({ name, value }) => {
    const known = runs.flatMap(({ numbers }) => value(numbers) ?? [])
    const [first, last] = [known[0], known.at(-1)]
    if (first === undefined || last === undefined) return []
    const since =
      known.length < 2
        ? ''
        : last === first
          ? ', as at first'
          : `, ${chart.format(Math.abs(last - first)).replace('%', 'points')} ${last > first ? 'more' : 'less'} than at first`
    return `${chart.series.length > 1 ? `${name} ` : ''}${chart.format(last)}${since}`
  })
  return words.length === 0 ? `Unknown: no run had ${chart.source}.` : `${words.join('; ')}.`
}
