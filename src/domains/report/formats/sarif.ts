import { z } from 'zod'
import { type Format, type FoundProblem, ReportProblem, shortMessage, shortName } from '../report.ts'

/** JSON is read as a whole. */
const atMost = 64 * 1024 * 1024

const level = z.enum(['none', 'note', 'warning', 'error'])
const sarifLog = z.object({
  runs: z.array(
    z.object({
      tool: z.object({
        driver: z.object({
          name: z.string(),
          rules: z
            .array(z.object({ id: z.string(), defaultConfiguration: z.object({ level: level.optional() }).optional() }))
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
        .optional(),
    }),
  ),
})

/** SARIF 2.1.0 (OASIS): the results of tools for static analysis and security. What is suppressed there is left out here. */
export const sarif: Format = {
  name: 'SARIF',
  recognises: (head) => head.trimStart().startsWith('{') && /sarif|"runs"\s*:/i.test(head),
  parser: (sink) => {
    let text = ''
    return {
      write: (piece) => {
        text += piece
        if (text.length > atMost) throw new ReportProblem('is larger than 64 MB')
      },
      end: () => {
        for (const one of problemsOf(text)) sink.problem(one)
      },
    }
  },
}

function problemsOf(text: string): FoundProblem[] {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new ReportProblem(`is not whole JSON: ${(error as Error).message}`)
  }
  const read = sarifLog.safeParse(json)
  if (!read.success) {
    const [issue] = read.error.issues
    throw new ReportProblem(`is not SARIF 2.1.0: ${issue?.path.join('.') || 'it'} ${issue?.message ?? 'is not right'}`)
  }
  return read.data.runs.flatMap(({ tool: { driver }, results = [] }) =>
    results.flatMap((result): FoundProblem[] => {
      const rule = driver.rules?.find(({ id }) => id === result.ruleId) ?? driver.rules?.[result.ruleIndex ?? -1]
      const how = result.level ?? rule?.defaultConfiguration?.level ?? 'warning'
      if ((result.suppressions?.length ?? 0) > 0 || how === 'none' || result.kind === 'pass') return []
      const place = result.locations?.[0]?.physicalLocation
      return [
        {
          tool: shortName(driver.name),
          rule: shortName(result.ruleId ?? rule?.id ?? ''),
          level: how,
          message: shortMessage(result.message.text ?? result.message.id ?? '') ?? '',
          file: place?.artifactLocation?.uri?.replace(/^file:\/\//, '') ?? null,
          line: place?.region?.startLine ?? null,
        },
      ]
    }),
  )
}
