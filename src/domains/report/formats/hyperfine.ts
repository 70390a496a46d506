import { z } from 'zod'
import { defineReportFormat, shortName, summarise } from '../report.ts'
import { jsonParser } from '../json.ts'

const shape = z.object({
  results: z.array(
    z.object({
      command: z.string(),
      mean: z.number(),
      times: z.array(z.number()).default([]),
      parameters: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
    }),
  ),
})

/** Durations of commands in seconds. */
export default defineReportFormat({
  name: 'hyperfine',
  title: '`hyperfine --export-json`',
  topics: ['measurements'],
  example: '{"results":[{"command":"make","mean":1.5,"times":[1.4,1.6]}]}',
  detect: (head) => /^\s*\{\s*"results"\s*:\s*\[/.test(head) && /"command"\s*:/.test(head),
  parser: (sink) =>
    jsonParser('hyperfine', shape, ({ results }) => {
      for (const { command, mean, times } of results) {
        const numbers = summarise(times) ?? { value: mean, spread: null }
        sink.measurement({ name: shortName(command), unit: 's', better: 'lower', ...numbers })
      }
    }),
})
