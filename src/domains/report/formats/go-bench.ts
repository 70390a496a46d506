import { defineReportFormat, shortName, summarise } from '../report.ts'
import { lineParser } from '../lines.ts'

const benchmark = /^(Benchmark\S*?)(?:-\d+)?\s+\d+\s+(\d.*)$/

/** Repeated runs of one benchmark (`-count`) are samples of one measurement. */
export default defineReportFormat({
  name: 'Go benchmarks',
  title: '`go test -bench`',
  topics: ['measurements'],
  example: `pkg: example.com/shop
BenchmarkCart-2   	  100000	     12345 ns/op
PASS
`,
  detect: (head) => /^Benchmark\S+\s+\d+\s+[\d.]+ ns\/op/m.test(head),
  parser: (sink) => {
    const samples = new Map<string, { name: string; unit: string; values: number[] }>()
    let place = ''
    return lineParser(
      (line) => {
        if (line.startsWith('pkg: ')) place = `${line.slice(5).trim()} `
        // The limit keeps the regular expression from backtracking over very long lines.
        const [, name = '', rest = ''] = benchmark.exec(line.slice(0, 2000)) ?? []
        for (const [, value, unit = ''] of rest.matchAll(/([\d.e+]+) (\S+)/g)) {
          const full = shortName(`${place}${name}${unit === 'ns/op' ? '' : ` ${unit}`}`)
          const entry = samples.get(full) ?? { name: full, unit, values: [] }
          entry.values.push(Number(value))
          samples.set(full, entry)
        }
      },
      () => {
        for (const { name, unit, values } of samples.values()) {
          const numbers = summarise(values)
          if (numbers)
            sink.measurement({
              name,
              unit,
              better: unit.endsWith('/s') ? 'higher' : 'lower',
              ...numbers,
            })
        }
      },
    )
  },
})
