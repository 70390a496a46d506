import type { AppSummary, Attention, Home } from '#contract/home/home.ts'
import { type Badge, badgeOfRun, deploymentBadges, isInProgress, type Tone } from '../ui/state.ts'

/** The sign of each kind of attention, for its icon and the headline. */
export const attentionTones: Record<Attention['kind'], Tone> = {
  production_down: 'bad',
  canary_undecided: 'warn',
  run_suspended: 'bad',
  approval: 'warn',
  fork: 'warn',
  production_failed: 'back',
  production_unknown: 'unknown',
  run_failed: 'bad',
  would_not_return: 'warn',
  drift: 'warn',
  environment_down: 'bad',
  environment_failed: 'back',
  environment_unknown: 'unknown',
  address: 'warn',
  repository: 'warn',
  environment_left: 'warn',
  switch_pulled: 'warn',
  switch_expired: 'warn',
  action_overdue: 'warn',
}

export type Group = 'attention' | 'moving' | 'waiting' | 'steady'

type Pending = NonNullable<AppSummary['environments'][number]['pending']>

/** The state of a deployment that has not ended; one that waits says for what. */
export function pendingBadge({ state, blocked }: Pick<Pending, 'state' | 'blocked'>): Badge {
  if (blocked === 'approval') return { tone: 'warn', word: 'Waiting for approval' }
  if (blocked === 'freeze') return { tone: 'wait', word: 'Waiting for a freeze' }
  return deploymentBadges[state]
}

const isMoving = ({ state, blocked }: Pending): boolean =>
  blocked === null && state !== 'waiting' && isInProgress(state)

/** The state of the newest run. A run whose deployments only wait is not running. */
export function runBadge({ run, environments }: AppSummary): Badge | null {
  if (run === null) return null
  const own = environments.flatMap(({ pending }) => (pending?.run === run.id ? [pending] : []))
  return badgeOfRun(run.state, own)
}

/** The names of the apps that need a person. */
export const appsInNeed = ({ incidents, crashLoops, attention }: Home): Set<string> =>
  new Set([...incidents, ...crashLoops, ...attention].flatMap(({ app }) => app ?? []))

export function groupOf(app: AppSummary, inNeed: Set<string>): Group {
  if (inNeed.has(app.name)) return 'attention'
  const pending = app.environments.flatMap((one) => (one.pending ? [one.pending] : []))
  const tone = runBadge(app)?.tone
  if (tone === 'move' || pending.some(isMoving)) return 'moving'
  return tone === 'wait' || pending.length > 0 ? 'waiting' : 'steady'
}

/** The state of everything in one sentence. */
export function headline(home: Home): { tone: Tone; text: string } {
  const inNeed = appsInNeed(home)
  const [name] = inNeed
  if (name !== undefined) {
    const isBad =
      home.incidents.some(({ over }) => over === null) ||
      home.crashLoops.length > 0 ||
      home.attention.some(({ kind }) => attentionTones[kind] === 'bad')
    return {
      tone: isBad ? 'bad' : 'warn',
      text: inNeed.size === 1 ? `${name} needs attention` : `${inNeed.size} apps need attention`,
    }
  }
  const count = (group: Group): number =>
    home.apps.filter((app) => groupOf(app, inNeed) === group).length
  const moving = count('moving')
  if (moving > 0)
    return {
      tone: 'move',
      text: moving === 1 ? 'A change is in progress' : `Changes of ${moving} apps are in progress`,
    }
  const waiting = count('waiting')
  if (waiting > 0)
    return {
      tone: 'wait',
      text: waiting === 1 ? 'A change waits' : `Changes of ${waiting} apps wait`,
    }
  return home.apps.every(({ environments }) => environments.every(({ live }) => live === null))
    ? { tone: 'none', text: 'Nothing is deployed yet' }
    : { tone: 'good', text: 'All is well' }
}

/** More columns than this do not fit a screen. */
const mostColumns = 6

/**
 * The names of the environments of all apps in one order, so that each has a column of its own. An
 * app's own order is kept. When there are too many, `rest` tells that the rarest ones have none.
 */
export function columnsOf(apps: Pick<AppSummary, 'environments'>[]): {
  columns: string[]
  rest: boolean
} {
  const all: string[] = []
  const uses = new Map<string, number>()
  for (const { environments } of apps.toSorted(
    (a, b) => b.environments.length - a.environments.length,
  )) {
    environments.forEach(({ name }, index) => {
      uses.set(name, (uses.get(name) ?? 0) + 1)
      if (all.includes(name)) return
      const next = environments.slice(index + 1).find((one) => all.includes(one.name))
      const former = environments.slice(0, index).findLast((one) => all.includes(one.name))
      const place = next ? all.indexOf(next.name) : former ? all.indexOf(former.name) + 1 : -1
      all.splice(place === -1 ? all.length : place, 0, name)
    })
  }
  if (all.length <= mostColumns) return { columns: all, rest: false }
  const kept = new Set(
    all.toSorted((a, b) => (uses.get(b) ?? 0) - (uses.get(a) ?? 0)).slice(0, mostColumns - 1),
  )
  return { columns: all.filter((name) => kept.has(name)), rest: true }
}
