import type { Home } from '#contract/home/home.ts'
import { healthBadges, runBadges, shortSha } from '../ui/state.ts'

interface Named {
  id: string
  kind: string
  text: string
  detail: string
}

/** An entry of the command palette: a page to open, or an action. */
export interface Entry extends Named {
  act: () => void
}

/** The apps, their environments, and the newest runs as entries. */
export function homeEntries(home: Home | undefined): (Named & { to: string })[] {
  const { apps = [], runs = [] } = home ?? {}
  return [
    ...apps.flatMap(({ name: app, environments }) => [
      { id: `app/${app}`, kind: 'app', text: app, detail: '', to: `/apps/${app}` },
      ...environments.map(({ name, health }) => ({
        id: `environment/${app}/${name}`,
        kind: 'environment',
        text: `${app} ${name}`,
        detail: healthBadges[health].word,
        to: `/apps/${app}/environments/${name}`,
      })),
    ]),
    ...runs.map((run) => ({
      id: `run/${run.id}`,
      kind: 'run',
      text: `${run.id} ${run.app}: ${run.change.subject}`,
      detail: `${shortSha(run.change.sha)} ${runBadges[run.state].word}`,
      to: `/runs/${run.id}`,
    })),
  ]
}

const most = 40
const kindOrder = ['app', 'environment', 'page', 'action', 'run']

/**
 * The entries that contain all words, best first. A match at the start of a word ranks above one
 * in the middle.
 */
export function findEntries<T extends Named>(entries: T[], text: string): T[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  const scored = entries.flatMap((entry) => {
    const hay = ` ${entry.kind} ${entry.text} ${entry.detail}`.toLowerCase()
    let score = 0
    for (const word of words) {
      const at = hay.indexOf(word)
      if (at === -1) return []
      score += hay.includes(` ${word}`) ? 2 : 1
      if (entry.text.toLowerCase().startsWith(word)) score += 2
    }
    return [{ entry, score, kind: kindOrder.indexOf(entry.kind) }]
  })
  return scored
    .sort((a, b) => b.score - a.score || a.kind - b.kind)
    .slice(0, most)
    .map(({ entry }) => entry)
}
