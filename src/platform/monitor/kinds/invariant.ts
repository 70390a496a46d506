import { z } from 'zod'
import { command, shorthand, text } from '#contract/pipeline-file/shapes.ts'
import { isBeyond, limitsOf, shown } from '../limits.ts'
import { defineMonitorKind, down, type Finding, up } from '../monitor-kind.ts'
import { breakingRows } from '#platform/postgres/foreign-query.ts'

const settings = shorthand(
  null,
  z
    .strictObject({
      query: text
        .min(1)
        .max(20_000)
        .optional()
        .describe(
          'A query in SQL of PostgreSQL whose rows break the rule; the first column names the ' +
            'entity',
        ),
      database: z
        .string()
        .regex(/^[A-Za-z_]\w{0,199}$/, 'must be the name of a variable')
        .default('DATABASE_URL')
        .describe('The variable or secret of the service with the address of the database'),
      command: command
        .optional()
        .describe('Or a command: each line of its output names an entity that breaks the rule'),
      metric: text
        .min(1)
        .max(2000)
        .optional()
        .describe('Or a signal or a metric of the app, or with `prometheus` a query'),
      by: text.max(200).optional().describe('The label of `metric` that names the entity'),
      ...limitsOf('value of `metric`'),
      prometheus: z
        .url({ protocol: /^https?$/, error: 'must be an http or https address' })
        .optional()
        .describe('A Prometheus that is asked for `metric`'),
    })
    .superRefine((file, context) => {
      const refuse = (message: string): void => context.addIssue({ code: 'custom', message })
      const ways = [file.query, file.command, file.metric].filter((one) => one !== undefined)
      if (ways.length !== 1) refuse('must have exactly one of `query`, `command` and `metric`')
      const hasLimit = file.above !== undefined || file.below !== undefined
      if (file.metric !== undefined && !hasLimit) refuse('must have `above` or `below`')
      if (file.metric === undefined && (hasLimit || file.by !== undefined))
        refuse('has `above`, `below` or `by`, which are for `metric` only')
    }),
)
type Settings = z.output<typeof settings>

/** How many entities are kept; the rest is counted. */
const most = 100

export default defineMonitorKind({
  kind: 'invariant',
  title: 'A rule of the business holds',
  settings,
  example: {
    command: './find-double-charges.sh',
  },
  every: 5000,
  failures: 1,
  isOnServer: ({ metric }) => metric !== undefined,
  onHost: async ({ query, database, command: run }, io) => {
    if (query !== undefined) {
      const address = io.variable(database)
      if (address === undefined)
        return { state: 'unknown', reason: `the service has no variable ${database}` }
      const rows = await breakingRows(address, query, most + 1, io)
      return 'problem' in rows ? { state: 'unknown', reason: rows.problem } : judge(rows.entities)
    }
    const { code, output } = await io.run(run ?? '')
    const lines = output.map((line) => line.trim()).filter((line) => line !== '')
    // A command that fails knows nothing; one that succeeds names what it found.
    return code === 0
      ? judge(lines)
      : { state: 'unknown', reason: lines[0]?.slice(0, 300) ?? `the command exits with ${code}` }
  },
  onServer: async (wanted, io) => {
    const { metric = '', prometheus } = wanted
    const found =
      prometheus === undefined
        ? (await io.measured(metric, 30)).flatMap(({ labels, values }) => {
            const value = values.findLast((one) => one !== null)
            return value === undefined ? [] : [{ labels, value }]
          })
        : await io.query(prometheus, metric)
    if (found.length === 0 && prometheus === undefined)
      return { state: 'unknown', reason: `there is no measurement of ${metric}` }
    return judge(breakingSeries(wanted, found))
  },
})

/** The entities whose value is beyond a limit. Pure. */
export const breakingSeries = (
  wanted: Pick<Settings, 'by' | 'above' | 'below'>,
  found: { labels: Record<string, string>; value: number }[],
): string[] =>
  found.flatMap(({ labels, value }) => {
    if (!isBeyond(wanted, value)) return []
    const name = wanted.by === undefined ? '' : labels[wanted.by]
    return [name === '' || name === undefined ? shown(value) : name]
  })

/** What the entities that break the rule say. Pure. */
export function judge(entities: string[]): Finding {
  const kept = [...new Set(entities)].slice(0, most)
  const [first, second, third] = kept
  if (first === undefined) return up
  const named = [first, second, third].filter((one) => one !== undefined).join(', ')
  const more = entities.length > most ? `more than ${most}` : String(kept.length)
  const rest = kept.length > 3 ? `, and others: ${more} in all` : ''
  return { ...down(`broken by ${named.slice(0, 300)}${rest}`), entities: kept }
}
