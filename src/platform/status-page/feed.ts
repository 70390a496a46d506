import { componentStateWords } from '#contract/status-page/status-page.ts'
import { escaped, namesOf } from './html.ts'
import type { ShownPage } from './shown-page.ts'

const newest = 50

/** The changes as Atom (RFC 4287). Pure. */
export function atomFeed(page: ShownPage, url: string): string {
  const entries = itemsOf(page).map(
    ({ id, title, since }) =>
      `<entry><id>${id}</id><title>${title}</title><updated>${since}</updated>` +
      `<link href="${escaped(url)}/"/><content type="text">${title}</content></entry>`,
  )
  const updated = page.changes[0]?.since ?? new Date(0).toISOString()
  return `<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom"><id>urn:fairlead:status</id><title>Status</title>
<author><name>Fairlead</name></author><updated>${updated}</updated>
<link rel="self" href="${escaped(url)}/history.atom"/><link href="${escaped(url)}/"/>
${entries.join('\n')}
</feed>
`
}

/** The changes as RSS 2.0. Pure. */
export function rssFeed(page: ShownPage, url: string): string {
  const items = itemsOf(page).map(
    ({ id, title, since }) =>
      `<item><guid isPermaLink="false">${id}</guid><title>${title}</title>` +
      `<pubDate>${new Date(since).toUTCString()}</pubDate></item>`,
  )
  return `<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0"><channel><title>Status</title><link>${escaped(url)}/</link>
<description>Changes of the status page</description>
${items.join('\n')}
</channel></rss>
`
}

const itemsOf = (page: ShownPage): { id: string; title: string; since: string }[] =>
  page.changes.slice(0, newest).map(({ app, environment, state, since }) => ({
    id: escaped(`urn:fairlead:status:${app}:${environment}:${Date.parse(since)}`),
    title: escaped(`${namesOf(page)(app, environment)}: ${componentStateWords[state]}`),
    since: new Date(since).toISOString(),
  }))
