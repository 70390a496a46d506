import { defaultPage, type StatusPageSettings } from '#contract/status-page/pages.ts'
import type { StatusTheme } from '#contract/status-page/status-page.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'
import type { PageSelection } from './page.ts'

/** A status page as it is stored. */
export interface StoredPage
  extends PageSelection, Pick<StatusPageSettings, 'title' | 'url' | 'created'> {
  theme: StatusTheme | null
  /** SHA-256 of its password as hexadecimal digits; null when everybody may read it */
  password: string | null
}

const columns = sql`name, title, url, apps, groups, components, theme, password, created`

const unchangedDefault: StoredPage = {
  ...{ name: defaultPage, title: '', url: null, apps: [], groups: [], components: [] },
  ...{ theme: null, password: null, created: null },
}

/** All pages, the default one first, which exists without a row. */
export async function listPages(db: Database): Promise<StoredPage[]> {
  const pages = await db.query<StoredPage>(sql`select ${columns} from status_page
    order by name <> ${defaultPage}, name`)
  return pages[0]?.name === defaultPage ? pages : [unchangedDefault, ...pages]
}

export const putPage = (page: Omit<StoredPage, 'created'>): Statement =>
  sql`insert into status_page (name, title, url, apps, groups, components, theme, password)
    values (${page.name}, ${page.title}, ${page.url}::text, ${page.apps}::text[],
      ${page.groups}::text[], ${page.components}::text[], ${page.theme}::jsonb,
      ${page.password}::text)
    on conflict (name) do update set title = excluded.title, url = excluded.url,
      apps = excluded.apps, groups = excluded.groups, components = excluded.components,
      theme = excluded.theme, password = excluded.password`

/** Deletes a page with its subscriptions. */
export const deletePage = (name: string): Statement[] => [
  sql`delete from status_subscription where page = ${name} and page <> ${defaultPage}`,
  sql`delete from status_page where name = ${name} and name <> ${defaultPage}`,
]
