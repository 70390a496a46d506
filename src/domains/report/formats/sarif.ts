import { z } from 'zod'
import { type Format, type FoundProblem, ReportProblem, shortMessage, shortName } from '../report.ts'
import { jsonParser } from './json.ts'

const level = z.enum(['none', 'note', 'warning', 'error'])
const notification = z.object({ message: z.object({ text: z.string().optional() }), level: level.optional() })
const sarifLog = z.object({
  runs: z.array(
    z.object({
      invocations: z
        .array(
          z.object({
            executionSuccessful: z.boolean().optional(),
            toolExecutionNotifications: z.array(notification).optional(),
            toolConfigurationNotifications: z.array(notification).optional(),
          }),
        )
        .optional(),
      tool: z.object({
        driver: z.object({
          name: z.string(),
          rules: z
            .array(
              z.object({
                id: z.string(),
                defaultConfiguration: z.object({ level: level.optional() }).optional(),
                properties: z.looseObject({ 'security-severity': z.coerce.string().optional() }).optional(),
              }),
            )
            .optional(),
        }),
      }),
      results: z
        .array(
          z.object({
            ruleId: z.string().optional(),
            ruleIndex: z.number().optional(),
            kind: z.string().optional(),
            level: level.optional(),
            message: z.object({ text: z.string().optional(), id: z.string().optional() }),
            suppressions: z.array(z.unknown()).optional(),
            locations: z
              .array(
                z.object({
                  physicalLocation: z
                    .object({
                      artifactLocation: z.object({ uri: z.string().optional() }).optional(),
                      region: z.object({ startLine: z.number().optional() }).optional(),
                    })
                    .optional(),
                }),
              )
              .optional(),
          }),
        )
        .nullish(),
    }),
  ),
})

/** SARIF 2.1.0 (OASIS): the results of tools for static analysis and security. What is suppressed there is left out here. */
export const sarif: Format = {
  name: 'SARIF',
  tells: ['findings'],
  recognises: (head) => head.trimStart().startsWith('{') && /sarif|"runs"\s*:/i.test(head),
  parser: (sink) =>
    jsonParser('SARIF 2.1.0', sarifLog, (log) => {
      refuseUnfinished(log)
      for (const one of problemsOf(log)) sink.problem(one)
    }),
}

/** A tool that did not come to its end, or did not look, has found nothing for that reason (§3.14.23, §3.20.14). */
function refuseUnfinished({ runs }: z.output<typeof sarifLog>): void {
  if (runs.length === 0) throw new ReportProblem('has no run of a tool')
  for (const { tool, invocations = [], results } of runs) {
    const name = shortName(tool.driver.name)
    const failed = invocations.find(({ executionSuccessful }) => executionSuccessful === false)
    const said = [...(failed?.toolExecutionNotifications ?? []), ...(failed?.toolConfigurationNotifications ?? [])]
    const reason = said.find((one) => one.level === 'error')?.message.text ?? said[0]?.message.text
    if (failed)
      throw new ReportProblem(`says that ${name} did not come to its end: ${shortMessage(reason ?? 'no reason given')}`)
    if (!results) throw new ReportProblem(`has no results of ${name}, not even an empty list: it did not look`)
  }
}

function problemsOf(log: z.output<typeof sarifLog>): FoundProblem[] {
  return log.runs.flatMap(({ tool: { driver }, results }) =>
    (results ?? []).flatMap((result): FoundProblem[] => {
      const rule = driver.rules?.find(({ id }) => id === result.ruleId) ?? driver.rules?.[result.ruleIndex ?? -1]
      const how = result.level ?? rule?.defaultConfiguration?.level ?? 'warning'
      if ((result.suppressions?.length ?? 0) > 0 || how === 'none' || result.kind === 'pass') return []
      const place = result.locations?.[0]?.physicalLocation
      return [
        {
          tool: shortName(driver.name),
          rule: shortName(result.ruleId ?? rule?.id ?? ''),
          level: how,
          severity: severityOf(rule?.properties?.['security-severity']),
          message: shortMessage(result.message.text ?? result.message.id ?? '') ?? '',
          file: place?.artifactLocation?.uri?.replace(/^file:\/\//, '') ?? null,
          line: place?.region?.startLine ?? null,
        },
      ]
    }),
  )
}

/** By the CVSS score that GitHub's code scanning reads from `security-severity`, in the words of CVSS 3.1. */
function severityOf(score: string | undefined): FoundProblem['severity'] {
  const value = Number(score)
  if (score === undefined || !(value > 0)) return null
  if (value >= 9) return 'critical'
  if (value >= 7) return 'high'
  return value >= 4 ? 'medium' : 'low'
}
