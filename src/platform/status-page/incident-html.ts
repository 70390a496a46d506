import {
  componentStateWords,
  type PublicIncident,
  type PublicMaintenance,
  type PublishedUpdate,
  statusPhaseWords,
} from '#contract/status-page/status-page.ts'
import { escaped, timeHtml } from './html-text.ts'
import { markdownHtml } from './markdown.ts'
import { maintenanceState, namesOf, type ShownPage } from './shown-page.ts'

/** Updates of an incident that the first page shows; its own page has all. */
const newestUpdates = 3
/** Incidents that have ended on the first page. */
const newestEnded = 10

const link = ({ id, title }: Pick<PublicIncident, 'id' | 'title'>): string =>
  `<a href="/incidents/${id}">${escaped(title)}</a>`

/** The incidents that go on, with their newest updates. Pure. */
export function openIncidentsHtml(page: ShownPage): string {
  const open = page.incidents.filter(({ resolved }) => resolved === null)
  if (open.length === 0) return ''
  const articles = open.map(
    (one) =>
      `<article class="${one.impact}"><h3>${link(one)}</h3>` +
      `<p class="soft">${aboutOf(page, one)}</p>` +
      one.updates.slice(0, newestUpdates).map(updateHtml).join('') +
      `${promiseHtml(one)}${reviewLink(one)}</article>`,
  )
  return `<h2>Incidents</h2>${articles.join('\n')}`
}

/** The incidents that have ended. Pure. */
export function endedIncidentsHtml({ incidents }: Pick<ShownPage, 'incidents'>): string {
  const ended = incidents.filter(({ resolved }) => resolved !== null).slice(0, newestEnded)
  const items = ended.map(
    (one) =>
      `<li>${link(one)} <span class="soft">${timeHtml(one.started)} to ` +
      `${timeHtml(one.resolved ?? one.started)}</span>${reviewLink(one)}</li>`,
  )
  return items.length === 0 ? '' : `<h2>Past incidents</h2><ul>${items.join('\n')}</ul>`
}

/** The page of one incident, without its frame. Pure. */
export const incidentHtml = (page: ShownPage, one: PublicIncident): string =>
  `<p><a href="/">Status</a></p><h1>${escaped(one.title)}</h1>` +
  `<p class="soft">${aboutOf(page, one)}</p>${promiseHtml(one)}${reviewHtml(one)}` +
  `<ul>${one.updates.map((update) => `<li>${updateHtml(update)}</li>`).join('\n')}</ul>`

const aboutOf = (page: ShownPage, one: PublicIncident): string =>
  `${escaped(namesOf(page, one))}: ` +
  `${componentStateWords[one.impact].toLowerCase()}; began on ${timeHtml(one.started)}` +
  (one.resolved === null ? '' : `, ended on ${timeHtml(one.resolved)}`)

const updateHtml = ({ phase, text, published }: PublishedUpdate): string =>
  `<div><p><strong>${statusPhaseWords[phase]}</strong> ` +
  `<span class="soft">${timeHtml(published)}</span></p>` +
  `<div class="words">${markdownHtml(text)}</div></div>`

/** The first page leads to reviews, so that it stays short. */
const reviewLink = ({ id, review }: PublicIncident): string =>
  review === null ? '' : `<p><a href="/incidents/${id}#review">What was learned</a></p>`

const reviewHtml = ({ review }: PublicIncident): string =>
  review === null
    ? ''
    : '<section id="review"><h2>What was learned</h2>' +
      `<p class="soft">Published on ${timeHtml(review.published)}</p>` +
      `<div class="words">${markdownHtml(review.text)}</div></section>`

function promiseHtml({ resolved, updates }: PublicIncident): string {
  const promised = updates[0]?.promised ?? null
  return promised === null || resolved !== null
    ? ''
    : `<p class="soft">Next update by ${timeHtml(promised)}.</p>`
}

/** The maintenance that goes on or comes. Pure. */
export function maintenancesHtml(page: ShownPage): string {
  const items = page.maintenances.flatMap((one) => {
    const state = maintenanceState(one, page)
    return state === 'completed' ? [] : [maintenanceHtml(page, one, state === 'in_progress')]
  })
  return items.length === 0 ? '' : `<h2>Maintenance</h2><ul>${items.join('\n')}</ul>`
}

const maintenanceHtml = (
  page: ShownPage,
  { app, environment, from, until }: PublicMaintenance,
  isActive: boolean,
): string =>
  `<li><div class="head"><h3>${escaped(namesOf(page, { app, environment }))}</h3>` +
  `<span class="state maintenance">${isActive ? 'In progress' : 'Scheduled'}</span></div>` +
  `<p>${timeHtml(from)} to ${timeHtml(until)}</p></li>`
