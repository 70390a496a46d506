import { z } from 'zod'
import { defineReportFormat, shortName, summarise } from '../report.ts'
import { jsonParser } from '../json.ts'

const number = z.union([z.number(), z.literal('NaN').transform(() => Number.NaN)])
const shape = z.array(
  z.object({
    benchmark: z.string(),
    mode: z.string(),
    params: z.record(z.string(), z.string()).default({}),
    primaryMetric: z.object({
      score: number,
      scoreUnit: z.string(),
      rawData: z.array(z.array(number)).default([]),
    }),
  }),
)

/** JMH `-rf json`: throughput is better higher, every other mode is a time. */
export default defineReportFormat({
  name: 'JMH',
  title: 'JMH with `-rf json`',
  topics: ['measurements'],
  example: `[{"jmhVersion":"1.37","benchmark":"Cart.add","mode":"avgt","params":{},
"primaryMetric":{"score":5,"scoreUnit":"ns/op","rawData":[[5,6]]}}]`,
  detect: (head) => /^\s*\[/.test(head) && /"(jmhVersion|benchmark)"\s*:/.test(head),
  parser: (sink) =>
    jsonParser('JMH', shape, (benchmarks) => {
      for (const { benchmark, mode, params, primaryMetric } of benchmarks) {
        if (!Number.isFinite(primaryMetric.score)) continue
        const values = Object.entries(params).map(([name, value]) => `${name}=${value}`)
        const name = [benchmark, mode, ...values].join(' ')
        const numbers = summarise(primaryMetric.rawData.flat()) ?? {
          value: primaryMetric.score,
          spread: null,
        }
        const better = mode === 'thrpt' ? 'higher' : 'lower'
        sink.measurement({
          name: shortName(name),
          unit: primaryMetric.scoreUnit,
          better,
          ...numbers,
        })
      }
    }),
})
