import type { Monitor, MonitorState } from '#contract/monitor/monitor.ts'
import type { Badge } from '../ui/state.ts'

export const monitorBadges: Record<MonitorState, Badge> = {
  up: { tone: 'good', word: 'Up' },
  degraded: { tone: 'warn', word: 'Degraded' },
  down: { tone: 'bad', word: 'Down' },
  unknown: { tone: 'unknown', word: 'Unknown' },
  maintenance: { tone: 'unknown', word: 'Maintenance' },
}

/** What a monitor watches, in words. */
export const placeOf = ({
  app,
  environment,
  service,
}: Pick<Monitor, 'app' | 'environment' | 'service'>): string =>
  app === null ? 'this installation' : [service, environment, app].filter(Boolean).join(' · ')
