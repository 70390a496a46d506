import type { Incident } from '#contract/incident/incident.ts'
import type { Badge } from '../ui/state.ts'

export const incidentBadges: Record<Incident['state'], Badge> = {
  open: { tone: 'bad', word: 'Open' },
  mitigated: { tone: 'warn', word: 'Mitigated' },
  over: { tone: 'good', word: 'Over' },
  closed: { tone: 'stopped', word: 'Closed' },
}

/** Where it is, in a few words. */
export const placeOf = ({ app, environment, service }: Incident): string =>
  app === null
    ? 'the installation'
    : [service, environment].filter(Boolean).join(' in ') + ` of ${app}`
