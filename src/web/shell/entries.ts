import type { Home } from '#contract/home/home.ts'
import type { Deployment, Run } from '#contract/run/run.ts'
import { deploymentBadges, healthBadges, runBadges, shortSha } from '../ui/state.ts'

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

/** The apps and their environments as entries. */
export function homeEntries(home: Home | undefined): (Named & { to: string })[] {
  return [
    ...(home?.apps ?? []).flatMap(({ name: app, environments }) => [
      { id: `app/${app}`, kind: 'app', text: app, detail: '', to: `/apps/${app}` },
      ...environments.map(({ name, health }) => ({
        id: `environment/${app}/${name}`,
        kind: 'environment',
        text: `${app} ${name}`,
        detail: healthBadges[health].word,
        to: `/apps/${app}/environments/${name}`,
      })),
    ]),
  ]
}

/** Actions that begin on a page of their own. */
export function actionsOf(home: Home | undefined, mayAdd: boolean): (Named & { to: string })[] {
  const action = (id: string, text: string, to: string) => ({
    ...{ id: `action/${id}`, kind: 'action', text, detail: '', to },
  })
  return [
    ...(mayAdd ? [action('add', 'Add an app', '/apps?add=app')] : []),
    action('token', 'Create a token', '/tokens'),
    ...(home?.apps ?? []).flatMap(({ name }) => [
      action(`provider/${name}`, `Connect a Git provider to ${name}`, `/apps/${name}/settings`),
      action(`configure/${name}`, `Configure ${name}`, `/apps/${name}/configuration`),
    ]),
  ]
}

/** A run as an entry, which begins with its number. */
export const runEntry = (run: Pick<Run, 'id' | 'app' | 'state' | 'change'>) => ({
  id: `run/${run.id}`,
  kind: 'run',
  text: `${run.id} ${run.app}: ${run.change.subject}`,
  detail: `${shortSha(run.change.sha)} ${runBadges[run.state].word}`,
  to: `/runs/${run.id}`,
})

/** A deployment as an entry, which begins with its number. */
export const deploymentEntry = ({ id, app, environment, change, state }: Deployment) => ({
  id: `deployment/${id}`,
  kind: 'deployment',
  text: `${id} ${app} ${environment}: ${change.subject}`,
  detail: `${shortSha(change.sha)} ${deploymentBadges[state].word}`,
  to: `/apps/${app}/environments/${environment}`,
})

const most = 40
const kindOrder = ['app', 'environment', 'page', 'action', 'run', 'deployment', 'docs']

/**
 * The entries that contain all words, best first. An entry with exactly that number comes first,
 * and a match at the start of a word ranks above one in the middle.
 */
export function findEntries<T extends Named>(entries: T[], text: string): T[] {
  const wanted = text.toLowerCase().trim().replace(/^#/, '')
  const words = wanted.split(/\s+/).filter(Boolean)
  const scored = entries.flatMap((entry) => {
    const name = entry.text.toLowerCase()
    const hay = ` ${entry.kind} ${name} ${entry.detail}`.toLowerCase()
    let score = 0
    for (const word of words) {
      if (!hay.includes(word)) return []
      score += hay.includes(` ${word}`) ? 2 : 1
      if (name.startsWith(word)) score += 2
    }
    if (name === wanted) score += 10
    if (/^\d+$/.test(wanted) && new RegExp(`^${wanted}\\b`).test(name)) score += 100
    return [{ entry, score, kind: kindOrder.indexOf(entry.kind) }]
  })
  return scored
    .sort((a, b) => b.score - a.score || a.kind - b.kind)
    .slice(0, most)
    .map(({ entry }) => entry)
}
