import { z } from 'zod'
import {
  defineReportFormat,
  type ReportedFinding,
  ReportProblem,
  shortMessage,
  shortName,
  type Sink,
} from '../report.ts'
import { jsonParser } from '../json.ts'

const level = z.enum(['none', 'note', 'warning', 'error'])
const index = z.number().optional()
const message = z.object({
  text: z.string().optional(),
  id: z.string().optional(),
  arguments: z.array(z.string()).optional(),
})
const notification = z.object({ message, level: level.optional() })
const component = z.object({
  name: z.string(),
  guid: z.string().optional(),
  rules: z
    .array(
      z.object({
        id: z.string(),
        defaultConfiguration: z.object({ level: level.optional() }).optional(),
        messageStrings: z.record(z.string(), z.object({ text: z.string() })).optional(),
        properties: z.looseObject({ 'security-severity': z.coerce.string().optional() }).optional(),
      }),
    )
    .optional(),
})
const place = z.object({ uri: z.string().optional(), index })
const result = z.object({
  ruleId: z.string().optional(),
  ruleIndex: index,
  rule: z
    .object({
      id: z.string().optional(),
      index,
      toolComponent: z.object({ index, guid: z.string().optional() }).optional(),
    })
    .optional(),
  kind: z.string().optional(),
  level: level.optional(),
  baselineState: z.string().optional(),
  message,
  suppressions: z.array(z.looseObject({ status: z.string().optional() })).nullish(),
  locations: z
    .array(
      z.object({
        physicalLocation: z
          .object({
            artifactLocation: place.optional(),
            region: z.object({ startLine: z.number().optional() }).optional(),
          })
          .optional(),
      }),
    )
    .optional(),
})
const run = z.object({
  invocations: z
    .array(
      z.object({
        executionSuccessful: z.boolean().optional(),
        exitCode: z.number().optional(),
        exitSignalName: z.string().optional(),
        exitSignalNumber: z.number().optional(),
        processStartFailureMessage: z.string().optional(),
        toolExecutionNotifications: z.array(notification).optional(),
        toolConfigurationNotifications: z.array(notification).optional(),
      }),
    )
    .optional(),
  tool: z.object({ driver: component, extensions: z.array(component).optional() }),
  artifacts: z.array(z.object({ location: place.optional() })).optional(),
  results: z.array(result).nullish(),
})
const sarifLog = z.object({ runs: z.array(run) })

type Run = z.output<typeof run>
type Result = z.output<typeof result>
type Rule = NonNullable<z.output<typeof component>['rules']>[number]

/** SARIF 2.1.0 (OASIS): results of static analysis and security tools, without suppressed ones. */
export default defineReportFormat({
  name: 'SARIF',
  title: 'SARIF 2.1.0',
  topics: ['findings'],
  example: `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"eslint"}},
"results":[{"ruleId":"no-eval","message":{"text":"Do not use eval."}}]}]}`,
  detect: (head) => head.trimStart().startsWith('{') && /sarif|"runs"\s*:/i.test(head),
  parser: (sink) =>
    jsonParser('SARIF 2.1.0', sarifLog, ({ runs }) => {
      if (runs.length === 0) throw new ReportProblem('has no run of a tool')
      runs.forEach(refuseUnfinished)
      for (const one of runs) for (const found of one.results ?? []) report(one, found, sink)
    }),
})

/** An empty result of a tool that failed or did not run means nothing (§3.14.23, §3.20.14). */
function refuseUnfinished({ tool, invocations = [], results }: Run): void {
  const name = shortName(tool.driver.name)
  const failed = invocations.find(hasFailed)
  const notifications = [
    ...(failed?.toolExecutionNotifications ?? []),
    ...(failed?.toolConfigurationNotifications ?? []),
  ]
  const reason =
    notifications.find((one) => one.level === 'error')?.message.text ??
    notifications[0]?.message.text ??
    failed?.processStartFailureMessage
  if (failed)
    throw new ReportProblem(
      `states that ${name} did not complete: ${shortMessage(reason ?? 'no reason given')}`,
    )
  if (!results)
    throw new ReportProblem(
      `has no results of ${name}, not even an empty list: the tool did not run`,
    )
}

/** Many tools exit with 1 when they found something, and state that they succeeded (§3.20). */
const hasFailed = (one: NonNullable<Run['invocations']>[number]): boolean =>
  one.executionSuccessful === undefined
    ? (one.exitCode ?? 0) !== 0 ||
      (one.exitSignalName ?? one.exitSignalNumber ?? one.processStartFailureMessage) !== undefined
    : !one.executionSuccessful

function report(run: Run, found: Result, sink: Sink): void {
  const rule = ruleOf(run, found)
  // A result that is not a failure has no level unless it states one (§3.27.10).
  const usual =
    (found.kind ?? 'fail') === 'fail' ? (rule?.defaultConfiguration?.level ?? 'warning') : 'none'
  const how = found.level ?? usual
  if (
    how === 'none' ||
    found.kind === 'pass' ||
    found.baselineState === 'absent' ||
    isSuppressed(found)
  )
    return
  const where = found.locations?.[0]?.physicalLocation
  const location = where?.artifactLocation
  sink.finding({
    tool: shortName(run.tool.driver.name),
    rule: shortName(found.ruleId ?? found.rule?.id ?? rule?.id ?? ''),
    level: how,
    severity: severityOf(rule?.properties?.['security-severity']),
    message: shortMessage(textOf(found.message, rule)) ?? '',
    file: pathOf(location?.uri ?? run.artifacts?.[location?.index ?? -1]?.location?.uri),
    line: where?.region?.startLine ?? null,
  })
}

/**
 * Rules belong to the driver or to an extension; the id of a result may add a part to the id of its
 * rule (`CA1000/1`, §3.27.5).
 */
function ruleOf(
  { tool: { driver, extensions = [] } }: Run,
  { ruleId, ruleIndex, rule }: Result,
): Rule | undefined {
  const { index: at, guid } = rule?.toolComponent ?? {}
  const named =
    guid === undefined ? extensions[at ?? -1] : extensions.find((one) => one.guid === guid)
  const given = (named ?? driver).rules?.[rule?.index ?? ruleIndex ?? -1]
  if (given) return given
  const id = ruleId ?? rule?.id ?? ''
  const rules = [driver, ...extensions].flatMap((one) => one.rules ?? [])
  return rules.find((one) => one.id === id) ?? rules.find((one) => id.startsWith(`${one.id}/`))
}

/** A suppression counts unless it was rejected or is under review (§3.27.23). */
const isSuppressed = ({ suppressions }: Result): boolean =>
  (suppressions?.length ?? 0) > 0 &&
  !suppressions?.some(({ status }) => status === 'rejected' || status === 'underReview')

/** The text of a message, or the template of its rule, with the arguments filled in (§3.11). */
function textOf(
  { text, id, arguments: given = [] }: Result['message'],
  rule: Rule | undefined,
): string {
  const written = text ?? rule?.messageStrings?.[id ?? '']?.text ?? id ?? ''
  // Most tools do not escape braces in messages without arguments.
  if (given.length === 0) return written
  return written.replace(/\{\{|\}\}|\{(\d+)\}/g, (found: string, at?: string) =>
    at === undefined ? found.slice(1) : (given[Number(at)] ?? found),
  )
}

function pathOf(uri: string | undefined): string | null {
  const path = uri?.replace(/^file:\/\//, '')
  try {
    return path === undefined ? null : decodeURIComponent(path)
  } catch {
    return path ?? null
  }
}

/** Maps the CVSS score in `security-severity` to CVSS 3.1 ratings, as GitHub does. */
function severityOf(score: string | undefined): ReportedFinding['severity'] {
  const value = Number(score)
  if (score === undefined || !(value > 0)) return null
  if (value >= 9) return 'critical'
  if (value >= 7) return 'high'
  return value >= 4 ? 'medium' : 'low'
}
