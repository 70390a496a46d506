import { z } from 'zod'
import {
  defineReportFormat,
  levelOf,
  type ReportedFinding,
  ReportProblem,
  shortMessage,
  shortName,
} from '../report.ts'
import { jsonParser } from '../json.ts'

const severity = z.enum(['info', 'low', 'moderate', 'high', 'critical'])
const shape = z.looseObject({
  auditReportVersion: z.literal(2).optional(),
  message: z.string().optional(),
  metadata: z
    .looseObject({ vulnerabilities: z.looseObject({ total: z.number().optional() }).optional() })
    .optional(),
  error: z.looseObject({ summary: z.string().optional(), code: z.string().optional() }).optional(),
  vulnerabilities: z
    .record(
      z.string(),
      z.object({
        name: z.string(),
        range: z.string(),
        via: z.array(
          z.union([
            z.string(),
            z.object({ title: z.string(), url: z.string(), severity, range: z.string() }).loose(),
          ]),
        ),
      }),
    )
    .optional(),
})

/** Known vulnerabilities of the dependencies in package-lock.json. */
export default defineReportFormat({
  name: 'npm audit',
  title: '`npm audit --json`',
  topics: ['findings'],
  example: `{"auditReportVersion":2,
"vulnerabilities":{"left-pad":{"name":"left-pad","range":"<1.3.0",
"via":[{"title":"ReDoS","url":"https://example.com/GHSA-1","severity":"high","range":"<1.3.0"}]}}}`,
  detect: (head) =>
    /"auditReportVersion"\s*:/.test(head) || /^\s*\{\s*"(message|error)"\s*:/.test(head),
  parser: (sink) =>
    jsonParser('npm audit', shape, ({ vulnerabilities, metadata, error, message }) => {
      // When the registry does not answer, nothing was checked.
      const reason = error?.summary || (message ?? error?.code ?? 'no reason given')
      if (!vulnerabilities)
        throw new ReportProblem(`states that npm audit did not complete: ${reason}`)
      const [declared, listed] = [
        metadata?.vulnerabilities?.total ?? 0,
        Object.keys(vulnerabilities).length,
      ]
      if (declared > listed)
        throw new ReportProblem(`states ${declared} vulnerabilities, but lists ${listed}`)
      for (const one of Object.values(vulnerabilities)) {
        // A string names a dependency that has its own entry in the list.
        for (const via of one.via)
          if (typeof via !== 'string') sink.finding(findingOf(one.name, via))
      }
    }),
})

function findingOf(
  name: string,
  via: { title: string; url: string; severity: z.output<typeof severity>; range: string },
): ReportedFinding {
  const words = {
    info: 'low',
    low: 'low',
    moderate: 'medium',
    high: 'high',
    critical: 'critical',
  } as const
  return {
    tool: 'npm audit',
    rule: shortName(via.url.split('/').at(-1) ?? ''),
    level: levelOf(words[via.severity]),
    severity: words[via.severity],
    message: shortMessage(`${name} ${via.range}: ${via.title}`) ?? '',
    file: 'package-lock.json',
    line: null,
  }
}
