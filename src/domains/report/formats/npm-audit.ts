import { z } from 'zod'
import {
  type Format,
  type FoundProblem,
  ReportProblem,
  shortMessage,
  shortName,
} from '../report.ts'
import { levelOf } from './cyclonedx.ts'
import { jsonParser } from './json.ts'

const severity = z.enum(['info', 'low', 'moderate', 'high', 'critical'])
const shape = z.looseObject({
  auditReportVersion: z.literal(2).optional(),
  message: z.string().optional(),
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

/** `npm audit --json`: known vulnerabilities of the dependencies in package-lock.json. */
export const npmAudit: Format = {
  name: 'npm audit',
  tells: ['findings'],
  recognises: (head) =>
    /"auditReportVersion"\s*:/.test(head) || /^\s*\{\s*"(message|error)"\s*:/.test(head),
  parser: (sink) =>
    jsonParser('of npm audit', shape, ({ vulnerabilities, error, message }) => {
      // A registry that does not answer is no clean bill.
      if (!vulnerabilities)
        throw new ReportProblem(
          `says that npm audit did not come so far: ${error?.summary || (message ?? error?.code ?? 'no reason given')}`,
        )
      for (const one of Object.values(vulnerabilities)) {
        // Text means: by a dependency, which is in the list itself.
        for (const via of one.via)
          if (typeof via !== 'string') sink.problem(problemOf(one.name, via))
      }
    }),
}

function problemOf(
  name: string,
  via: { title: string; url: string; severity: z.output<typeof severity>; range: string },
): FoundProblem {
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
