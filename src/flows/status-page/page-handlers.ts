import { FairleadError } from '#contract/errors.ts'
import type { Caller, SomeHandlers } from '#contract/handler.ts'
import {
  defaultPage,
  mostPages,
  type StatusPageChange,
  type StatusPageSettings,
} from '#contract/status-page/pages.ts'
import type { StatusTheme } from '#contract/status-page/status-page.ts'
import * as store from '#domains/status-page/page-store.ts'
import { createPassword, passwordHash } from '#domains/status-page/password.ts'
import { appendEvent } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { colorProblem, logoProblem } from '#platform/status-page/theme.ts'
import { appAtDomain } from '#views/status-page.ts'
import { addressOf, type PagePlaces } from './page-address.ts'

export interface PageHandlersOptions extends PagePlaces {
  db: Database
  /** host names that Fairlead itself uses at the edge */
  ownHosts: readonly string[]
  /** throws when the app does not exist */
  getApp(app: string): Promise<unknown>
  random(bytes: number): Buffer
  /** called when there is something new to show */
  onChange(): void
}

type PageEndpoints = 'listStatusPages' | 'putStatusPage' | 'deleteStatusPage'

/** The status pages of an installation. */
export function pageHandlers(options: PageHandlersOptions): SomeHandlers<PageEndpoints> {
  const { db, onChange } = options
  const settingsOf = (page: store.StoredPage): StatusPageSettings => {
    const { theme, password, ...rest } = page
    const [colors, hasLogo] = [theme?.colors ?? null, theme?.logo !== undefined]
    return {
      ...{ ...rest, address: addressOf(page, options), colors, hasLogo },
      private: password !== null,
    }
  }
  return {
    listStatusPages: async () => ({ pages: (await store.listPages(db)).map(settingsOf) }),
    putStatusPage: async ({ params: { page: name }, body }, caller) => {
      const pages = await store.listPages(db)
      const before = pages.find((one) => one.name === name) ?? null
      if (before === null && pages.length > mostPages)
        throw new FairleadError('not_now', {
          why: `There are ${mostPages} status pages already; delete one`,
        })
      for (const app of appsOf(body)) await options.getApp(app)
      const password = passwordOf(before, body, name, options.random)
      const page = {
        ...{ ...changed(before ?? emptyPage(name), body), theme: themeOf(before, body) },
        password: password.hash,
      }
      if (body.url) page.url = await checkedUrl(options, page, body.url, pages)
      const { title, url, apps, groups, components } = page
      const type = 'dev.cdeventsx.fairlead-statuspage.changed'
      const data = { title, url, apps, groups, components, private: password.hash !== null }
      await db.batch([store.putPage(page), appendEvent({ type, ...headOf(name, caller), data })])
      onChange()
      const stored = (await store.listPages(db)).find((one) => one.name === name)
      if (!stored) throw notFound(name)
      return { ...settingsOf(stored), password: password.fresh }
    },
    deleteStatusPage: async ({ params: { page: name } }, caller) => {
      if (name === defaultPage) throw invalid('page', onlyTurnedOff)
      if ((await store.listPages(db)).every((one) => one.name !== name)) throw notFound(name)
      const type = 'dev.cdeventsx.fairlead-statuspage.deleted'
      await db.batch([
        ...store.deletePage(name),
        appendEvent({ type, ...headOf(name, caller), data: {} }),
      ])
      onChange()
      return { done: true }
    },
  }
}

const onlyTurnedOff =
  'must be another page: the default page can only be turned off, with FAIRLEAD_STATUS_HOST=off'

const headOf = (name: string, actor: Caller) => ({
  ...{ subject: `status-page/${name}`, chain: 'server', actor },
})

const notFound = (id: string): FairleadError =>
  new FairleadError('not_found', { kind: 'status page', id })

const invalid = (field: string, problem: string): FairleadError =>
  new FairleadError('invalid_input', { field, problem })

const emptyPage = (name: string) => ({
  ...{ name, title: '', url: null as string | null, apps: [], groups: [], components: [] },
})

/** The apps that a change names, also those of components. */
const appsOf = ({ apps = [], components = [] }: StatusPageChange): Set<string> =>
  new Set([...apps, ...components.map((one) => one.slice(0, one.indexOf('/')))])

const changed = (
  before: Omit<store.StoredPage, 'created' | 'theme' | 'password'>,
  { title, url, apps, groups, components }: StatusPageChange,
) => ({
  name: before.name,
  title: title ?? before.title,
  url: url === undefined ? before.url : url,
  apps: apps ?? before.apps,
  groups: groups ?? before.groups,
  components: components ?? before.components,
})

/** The hash of the password of a page after a change, and the password if it is new. */
function passwordOf(
  before: Pick<store.StoredPage, 'password'> | null,
  { private: isPrivate = (before?.password ?? null) !== null, renew = false }: StatusPageChange,
  name: string,
  random: (bytes: number) => Buffer,
): { hash: string | null; fresh: string | null } {
  const hash = before?.password ?? null
  if (isPrivate && name === defaultPage)
    throw invalid('private', 'must be false: add a private page, and turn the default page off')
  if (renew && !isPrivate) throw invalid('renew', 'must be for a private page')
  if (!isPrivate) return { hash: null, fresh: null }
  if (hash !== null && !renew) return { hash, fresh: null }
  const fresh = createPassword(random)
  return { hash: passwordHash(fresh), fresh }
}

function themeOf(
  before: Pick<store.StoredPage, 'theme'> | null,
  change: StatusPageChange,
): StatusTheme | null {
  const logo = change.logo === undefined ? before?.theme?.logo : (change.logo ?? undefined)
  const colors = change.colors === undefined ? before?.theme?.colors : (change.colors ?? undefined)
  const wrongLogo = change.logo ? logoProblem(Buffer.from(change.logo, 'base64')) : null
  if (wrongLogo !== null) throw invalid('logo', wrongLogo)
  const wrongColors = change.colors ? colorProblem(change.colors) : null
  if (wrongColors !== null) throw invalid('colors', `has ${wrongColors}`)
  if (logo === undefined && colors === undefined) return null
  return { ...(logo === undefined ? {} : { logo }), ...(colors === undefined ? {} : { colors }) }
}

/** The address of a page, whose host name leads to nothing else. */
async function checkedUrl(
  { db, ownHosts }: PageHandlersOptions,
  { name }: { name: string },
  text: string,
  pages: readonly store.StoredPage[],
): Promise<string> {
  if (name === defaultPage)
    throw invalid('url', 'must not be set: FAIRLEAD_STATUS_URL of the host sets it')
  const url = URL.parse(text)
  const isPlain = url?.pathname === '/' && url.search + url.hash + url.username === ''
  if (!url || !/^https?:$/.test(url.protocol) || !isPlain || !/[a-z]/.test(url.hostname))
    throw invalid('url', 'must be an address without a path, such as https://status.example.com')
  const host = url.hostname
  if (host === 'localhost' || host.endsWith('.localhost'))
    throw invalid('url', 'must not end with .localhost: without url, the page has such an address')
  if (ownHosts.includes(host)) throw invalid('url', `must not be ${host}, which Fairlead uses`)
  const other = pages.find(
    (one) => one.name !== name && one.url !== null && new URL(one.url).hostname === host,
  )
  if (other) throw invalid('url', `must not be that of the status page ${other.name}`)
  const app = await appAtDomain(db, host)
  if (app !== null) throw invalid('url', `must not be a domain of the app ${app}`)
  return url.origin
}
