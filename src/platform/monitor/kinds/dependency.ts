import { z } from 'zod'
import { listOf, shorthand, text } from '#contract/pipeline-file/shapes.ts'
import { failureOf } from '../failure.ts'
import { follow } from '../follow.ts'
import { defineMonitorKind, type Finding, up } from '../monitor-kind.ts'

const shown = 200

export default defineMonitorKind({
  kind: 'dependency',
  title: 'The status page of a dependency says that it works',
  settings: shorthand(
    'url',
    z.strictObject({
      url: z
        .string()
        .regex(/^https?:\/\/[^\s/]\S{0,2000}$/, 'must be an address')
        .refine((url) => URL.canParse(url), 'is not an address')
        .describe(
          'The status page, which has the API of Statuspage (`/api/v2/summary.json`); one that ' +
            'cannot be read is unknown',
        ),
      components: listOf(text.min(1).max(200))
        .optional()
        .describe('The names of the components that you need; default: the state of the page'),
    }),
  ),
  example: { url: 'https://status.example.com', components: ['API'] },
  every: 60_000,
  failures: 1,
  isReport: true,
  elsewhere: () => null,
  onHost: async ({ url, components }, io) => {
    try {
      const answer = await follow(
        {
          ...{ url: summaryOf(url), method: 'GET', headers: {}, body: undefined },
          ...{ redirects: 5, readsBody: true },
        },
        io,
      )
      if (typeof answer === 'string') return unknown(answer)
      if (answer.status !== 200) return unknown(`it answers ${answer.status}`)
      return judge(answer.body, components)
    } catch (error) {
      const { reason, isCutOff = false } = failureOf(error)
      return { ...unknown(reason), isCutOff }
    }
  },
})

function summaryOf(url: string): URL {
  const page = new URL(url)
  page.pathname = `${page.pathname.replace(/\/$/, '')}/api/v2/summary.json`
  return page
}

/** A page that does not answer says nothing about the dependency. */
const unknown = (why: string): Finding => ({
  state: 'unknown',
  reason: `the status page cannot be read: ${why}`,
})

/** The part of the summary of Statuspage that is read. */
const summary = z.object({
  status: z.object({ indicator: z.string(), description: z.string().default('') }),
  components: z.array(z.object({ name: z.string(), status: z.string() })).default([]),
  incidents: z.array(z.object({ name: z.string() })).default([]),
})

type State = Finding['state']
const indicators: Record<string, State> = {
  ...{ none: 'up', minor: 'degraded', maintenance: 'degraded', major: 'down', critical: 'down' },
}
const statuses: Record<string, State> = {
  ...{ operational: 'up', degraded_performance: 'degraded', partial_outage: 'degraded' },
  ...{ under_maintenance: 'degraded', major_outage: 'down' },
}
const worstFirst: State[] = ['down', 'unknown', 'degraded', 'up']

/** What the summary of a page says. Pure. */
export function judge(body: string, wanted?: readonly string[]): Finding {
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    return unknown('it is not JSON')
  }
  const { data } = summary.safeParse(parsed)
  if (!data) return unknown('it is not a summary of Statuspage')
  const { status, components, incidents } = data
  const named = incidents[0] ? ` (${incidents[0].name})` : ''
  if (wanted === undefined)
    return finding(
      indicators[status.indicator] ?? 'unknown',
      `the status page says: ${status.description || status.indicator}${named}`,
    )
  const found = wanted.map((name) => ({
    ...{ name, status: components.find((one) => one.name === name)?.status ?? 'missing' },
  }))
  const states = found.map((one) => statuses[one.status] ?? 'unknown')
  const state = worstFirst.find((one) => states.includes(one)) ?? 'unknown'
  const worst = found[states.indexOf(state)]
  return finding(
    state,
    worst?.status === 'missing'
      ? `the status page has no component ${worst.name}`
      : `the status page says: ${worst?.name}: ${worst?.status.replaceAll('_', ' ')}${named}`,
  )
}

const finding = (state: State, reason: string): Finding =>
  state === 'up' ? up : { state, reason: reason.replace(/\s+/g, ' ').slice(0, shown) }
