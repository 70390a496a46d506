import {
  type ComponentState,
  componentStateWords,
  type PublicIncident,
  type StatusComponent,
  type StatusDay,
  type StatusPage,
} from '#contract/status-page/status-page.ts'
import { escaped, timeHtml } from './html-text.ts'
import {
  endedIncidentsHtml,
  incidentHtml,
  maintenancesHtml,
  openIncidentsHtml,
} from './incident-html.ts'
import {
  type ComponentGroup,
  groupsOf,
  headline,
  nameOf,
  overallState,
  type ShownPage,
} from './shown-page.ts'
import { styleOf } from './style.ts'

/** The status page, which needs no script. Pure. */
export function pageHtml(page: ShownPage): string {
  const state = overallState(page)
  const title = escaped(headline(page))
  const confirmed =
    page.confirmed === null
      ? 'No state has been confirmed yet.'
      : `Last confirmed on ${timeHtml(page.confirmed, 'second')}.`
  const stale =
    page.isStale && page.confirmed !== null
      ? '<p>What has happened since then is not known.</p>'
      : ''
  return framed(
    title,
    `<h1 class="${state}">${title}</h1>
<p class="soft">${confirmed}</p>${stale}
${openIncidentsHtml(page)}${maintenancesHtml(page)}
${page.components.length === 0 ? '' : '<h2>Components</h2>'}
${groupsOf(page).map(groupHtml).join('\n')}
${endedIncidentsHtml(page)}${changesHtml(page)}
<p class="soft">All times are UTC. <a href="/history.atom">Atom</a>
<a href="/history.rss">RSS</a> <a href="/api/v2/summary.json">JSON</a>
${page.subscribe || page.subscribeUrl ? '<a href="/subscribe">Get updates</a>' : ''}</p>`,
    page,
  )
}

/** The page of one incident. Pure. */
export const incidentPageHtml = (page: ShownPage, incident: PublicIncident): string =>
  framed(escaped(incident.title), incidentHtml(page, incident), page)

/** What all pages of a status page have in common. */
export type Look = Partial<Pick<StatusPage, 'theme' | 'title'>>

/** A page of the status page; `heading` and `main` are HTML. Pure. */
export const framed = (
  heading: string,
  main: string,
  { theme, title = '' }: Look = {},
): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${heading}${
  title === '' ? '' : ` · ${escaped(title)}`
}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="alternate" type="application/atom+xml" title="Changes" href="/history.atom">
<style>${styleOf(theme)}</style></head><body><main>
${theme?.logo === undefined ? '' : '<img class="logo" src="/logo.png" alt="">'}${
  title === '' ? '' : `<p class="name">${escaped(title)}</p>`
}${main}
</main></body></html>
`

const groupHtml = ({ name, components }: ComponentGroup): string =>
  name === ''
    ? `<ul>${components.map((one) => componentHtml(one, 'h3')).join('\n')}</ul>`
    : `<section><h3>${escaped(name)}</h3>
<ul>${components.map((one) => componentHtml(one, 'h4')).join('\n')}</ul></section>`

function componentHtml(
  { name, state, detail, uptime, days }: StatusComponent,
  heading: 'h3' | 'h4',
): string {
  const share = uptime === null ? '' : `${uptimeText(uptime)} % without an outage; `
  return `<li><div class="head"><${heading}>${escaped(name)}</${heading}>
<span class="state ${state}">${componentStateWords[state]}</span></div>
${detail === '' ? '' : `<p>${escaped(detail)}</p>`}${daysSvg(days)}
<p class="soft">${share}${daysText(days)}</p></li>`
}

/** Rounded down: 99.999 % are not 100 %. */
const uptimeText = (share: number): string => (Math.floor(share * 10_000) / 100).toFixed(2)

/** One rectangle for each run of days that are alike; the text below says the same. */
function daysSvg(days: StatusDay[]): string {
  const runs: { state: ComponentState | null; from: number; count: number }[] = []
  for (const [index, { state }] of days.entries()) {
    const last = runs.at(-1)
    if (last && last.state === state) last.count += 1
    else runs.push({ state, from: index, count: 1 })
  }
  const rects = runs.map(
    ({ state, from, count }) =>
      `<rect class="${state ?? 'none'}" x="${from}" width="${count}" height="1"/>`,
  )
  return (
    `<svg viewBox="0 0 ${days.length} 1" preserveAspectRatio="none" aria-hidden="true">` +
    `${rects.join('')}</svg>`
  )
}

function daysText(days: StatusDay[]): string {
  const recorded = days.filter(({ state }) => state !== null)
  const harmed = recorded.filter(
    ({ state }) => state !== 'operational' && state !== 'maintenance' && state !== 'unknown',
  )
  const of = `${recorded.length} recorded ${recorded.length === 1 ? 'day' : 'days'}`
  if (harmed.length === 0) return `no harm on ${of}`
  const last = harmed.at(-1)!
  const word = componentStateWords[last.state ?? 'unknown'].toLowerCase()
  return `harm on ${harmed.length} of ${of}, last on ${last.date}: ${word}`
}

function changesHtml(page: ShownPage): string {
  const items = page.changes
    .slice(0, 20)
    .map(
      (one) =>
        `<li>${escaped(nameOf(page, one))}: <span class="state ${one.state}">` +
        `${componentStateWords[one.state]}</span> ` +
        `<span class="soft">since ${timeHtml(one.since)}</span></li>`,
    )
  return items.length === 0 ? '' : `<h2>Changes</h2><ul>${items.join('\n')}</ul>`
}
