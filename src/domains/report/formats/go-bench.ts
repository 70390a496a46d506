import { defineReportFormat, shortName, summarise } from '../report.ts'
import { lineParser } from '../lines.ts'

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
        const [first = '', count = '', ...values] = line.split(/\s+/)
        if (!first.startsWith('Benchmark') || !/^\d+$/.test(count)) return
        const name = first.replace(/-\d+$/, '')
        for (let at = 0; at + 1 < values.length; at += 2) {
          const [value, unit = ''] = values.slice(at, at + 2)
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
