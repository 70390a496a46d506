import { type Format, shortName, summarise } from '../report.ts'
import { lineParser } from './lines.ts'

const benchmark = /^(Benchmark\S*?)(?:-\d+)?\s+\d+\s+(\d.*)$/

/** The output of `go test -bench`; the same benchmark again (`-count`) is one more sample. */
export const goBench: Format = {
  name: 'Go benchmarks',
  tells: ['measurements'],
  recognises: (head) => /^Benchmark\S+\s+\d+\s+[\d.]+ ns\/op/m.test(head),
  parser: (sink) => {
    const samples = new Map<string, { name: string; unit: string; values: number[] }>()
    let place = ''
    return lineParser(
      (line) => {
        if (line.startsWith('pkg: ')) place = `${line.slice(5).trim()} `
        // What is longer would be looked through again and again.
        const [, name = '', rest = ''] = benchmark.exec(line.slice(0, 2000)) ?? []
        for (const [, value, unit = ''] of rest.matchAll(/([\d.e+]+) (\S+)/g)) {
          const full = shortName(`${place}${name}${unit === 'ns/op' ? '' : ` ${unit}`}`)
          const known = samples.get(full) ?? { name: full, unit, values: [] }
          known.values.push(Number(value))
          samples.set(full, known)
        }
      },
      () => {
        for (const { name, unit, values } of samples.values()) {
          const numbers = summarise(values)
          if (numbers)
            sink.measured({
              name,
              unit,
              better: unit.endsWith('/s') ? 'higher' : 'lower',
              ...numbers,
            })
        }
      },
    )
  },
}
