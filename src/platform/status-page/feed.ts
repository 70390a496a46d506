import { componentStateWords, statusPhaseWords } from '#contract/status-page/status-page.ts'
import { escaped } from './html-text.ts'
import { markdownHtml } from './markdown.ts'
import { nameOf, type ShownPage } from './shown-page.ts'

const newest = 50

/**
 * The changes, and what is published about incidents, as Atom (RFC 4287). `name` is that of the
 * page, which is the same at each of its addresses. Pure.
 */
export function atomFeed(page: ShownPage, url: string, name: string): string {
  const entries = itemsOf(page).map(
    ({ id, title, since, path, html }) =>
      `<entry><id>${id}</id><title>${title}</title><updated>${since}</updated>` +
      `<link href="${escaped(url)}${path}"/><content type="html">${html}</content></entry>`,
  )
  const updated = itemsOf(page)[0]?.since ?? new Date(0).toISOString()
  return `<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom"><id>urn:fairlead:status-page:${escaped(name)}</id><title>${titleOf(page)}</title>
<author><name>Fairlead</name></author><updated>${updated}</updated>
<link rel="self" href="${escaped(url)}/history.atom"/><link href="${escaped(url)}/"/>
${entries.join('\n')}
</feed>
`
}

/** The same as RSS 2.0. Pure. */
export function rssFeed(page: ShownPage, url: string): string {
  const items = itemsOf(page).map(
    ({ id, title, since, path, html }) =>
      `<item><guid isPermaLink="false">${id}</guid><title>${title}</title>` +
      `<link>${escaped(url)}${path}</link><description>${html}</description>` +
      `<pubDate>${new Date(since).toUTCString()}</pubDate></item>`,
  )
  return `<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0"><channel><title>${titleOf(page)}</title><link>${escaped(url)}/</link>
<description>Changes of the status page</description>
${items.join('\n')}
</channel></rss>
`
}

const titleOf = ({ title }: ShownPage): string => escaped(title || 'Status')

interface Item {
  id: string
  title: string
  /** ISO 8601 */
  since: string
  path: string
  /** escaped HTML */
  html: string
}

/** Newest first. */
function itemsOf(page: ShownPage): Item[] {
  const changes = page.changes.map(({ app, environment, component, state, since }): Item => {
    const name = nameOf(page, { app, environment, component })
    const title = escaped(`${name}: ${componentStateWords[state]}`)
    const place = [app, environment, component].filter((part) => part !== '').join(':')
    const id = escaped(`urn:fairlead:status:${place}:${Date.parse(since)}`)
    return { id, title, html: escaped(title), path: '/', since: new Date(since).toISOString() }
  })
  const updates = page.incidents.flatMap((incident) =>
    incident.updates.map((update): Item => ({
      id: `urn:fairlead:status-update:${update.id}`,
      title: escaped(`${incident.title}: ${statusPhaseWords[update.phase]}`),
      ...{ since: update.published, path: `/incidents/${incident.id}` },
      html: escaped(markdownHtml(update.text)),
    })),
  )
  const reviews = page.incidents.flatMap(({ id, title, review }): Item[] =>
    review === null
      ? []
      : [
          {
            id: `urn:fairlead:status-review:${id}:${Date.parse(review.published)}`,
            title: escaped(`${title}: What was learned`),
            ...{ since: review.published, path: `/incidents/${id}#review` },
            html: escaped(markdownHtml(review.text)),
          },
        ],
  )
  return [...changes, ...updates, ...reviews]
    .toSorted((a, b) => Date.parse(b.since) - Date.parse(a.since))
    .slice(0, newest)
}
