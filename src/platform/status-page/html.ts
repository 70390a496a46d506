import {
  type ComponentState,
  componentStateWords,
  type StatusComponent,
  type StatusDay,
} from '#contract/status-page/status-page.ts'
import { headline, overallState, type ShownPage } from './shown-page.ts'

const escapes: Record<string, string> = {
  ...{ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' },
}
/** Text for HTML and XML. Characters that XML cannot contain are left out. */
export const escaped = (text: string): string =>
  text
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
    .replace(/[&<>"']/g, (one) => escapes[one]!)

/** The style sheet; the policy of the page permits it by its hash. */
export const style = `
:root{color-scheme:light dark;--bg:#fff;--fg:#1a1d21;--soft:#565d66;--line:#d9dde2;--none:#e3e6ea;
--operational:#1a7f4b;--degraded:#8f6200;--partial_outage:#b34700;--major_outage:#c1272d;
--maintenance:#2a62b8;--unknown:#666d76}
@media(prefers-color-scheme:dark){:root{--bg:#14171a;--fg:#eceff2;--soft:#a5adb6;--line:#343a41;
--none:#2a2f35;--operational:#43c383;--degraded:#e0b040;--partial_outage:#ff9750;
--major_outage:#ff7b7f;--maintenance:#79aef5;--unknown:#a5adb6}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--fg);font:16px/1.5 system-ui,sans-serif}
main{max-width:46rem;margin:0 auto;padding:1.5rem 1rem}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 .25rem;overflow-wrap:anywhere}
h2{font-size:1.1rem;margin:2rem 0 .5rem}h3{font-size:1rem;margin:0;overflow-wrap:anywhere}
p{margin:.25rem 0}.soft{color:var(--soft);font-size:.875rem}ul{list-style:none;margin:0;padding:0}
li{border-top:1px solid var(--line);padding:.75rem 0}
.head{display:flex;flex-wrap:wrap;gap:.25rem 1rem;justify-content:space-between}
.state{font-weight:600}svg{display:block;width:100%;height:1.5rem;margin-top:.5rem}
a{color:inherit}
${Object.keys(componentStateWords)
  .map((state) => `.${state}{color:var(--${state});fill:var(--${state})}`)
  .join('\n')}
.none{fill:var(--none)}
`

/** The status page, which needs no script. Pure. */
export function pageHtml(page: ShownPage): string {
  const state = overallState(page)
  const title = escaped(headline(page))
  const confirmed =
    page.confirmed === null
      ? 'No state has been confirmed yet.'
      : `Last confirmed on ${time(page.confirmed)}.`
  const stale =
    page.isStale && page.confirmed !== null
      ? '<p>What has happened since then is not known.</p>'
      : ''
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="alternate" type="application/atom+xml" title="Changes" href="/history.atom">
<style>${style}</style></head><body><main>
<h1 class="${state}">${title}</h1>
<p class="soft">${confirmed}</p>${stale}
${page.components.length === 0 ? '' : '<h2>Components</h2>'}
<ul>${page.components.map(componentHtml).join('\n')}</ul>
${changesHtml(page)}
<p class="soft">All times are UTC. <a href="/history.atom">Atom</a>
<a href="/history.rss">RSS</a> <a href="/api/v2/summary.json">JSON</a></p>
</main></body></html>
`
}

function componentHtml({ name, state, detail, uptime, days }: StatusComponent): string {
  const share = uptime === null ? '' : `${uptimeText(uptime)} % without an outage; `
  return `<li><div class="head"><h3>${escaped(name)}</h3>
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
  const names = namesOf(page)
  const items = page.changes
    .slice(0, 20)
    .map(
      ({ app, environment, state, since }) =>
        `<li>${escaped(names(app, environment))}: <span class="state ${state}">` +
        `${componentStateWords[state]}</span> <span class="soft">since ${time(since)}</span></li>`,
    )
  return items.length === 0 ? '' : `<h2>Changes</h2><ul>${items.join('\n')}</ul>`
}

/** The name of a component by its place. */
export const namesOf =
  ({ components }: Pick<ShownPage, 'components'>) =>
  (app: string, environment: string): string =>
    components.find((one) => one.app === app && one.environment === environment)?.name ?? app

function time(iso: string): string {
  const date = new Date(iso).toISOString()
  return `<time datetime="${date}">${date.slice(0, 10)} at ${date.slice(11, 19)} UTC</time>`
}
