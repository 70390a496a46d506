import { z } from 'zod'
import { type Format, shortName, summarise } from '../report.ts'
import { jsonParser } from './json.ts'

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

/** `hyperfine --export-json`: how long commands took, in seconds. */
export const hyperfine: Format = {
  name: 'hyperfine',
  tells: ['measurements'],
  recognises: (head) => /^\s*\{\s*"results"\s*:\s*\[/.test(head) && /"command"\s*:/.test(head),
  parser: (sink) =>
    jsonParser('of hyperfine', shape, ({ results }) => {
      for (const { command, mean, times } of results) {
        const numbers = summarise(times) ?? { value: mean, spread: null }
        sink.measured({ name: shortName(command), unit: 's', better: 'lower', ...numbers })
      }
    }),
}
