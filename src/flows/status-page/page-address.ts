import { defaultPage } from '#contract/status-page/pages.ts'
import type { StoredPage } from '#domains/status-page/page-store.ts'

/** Where status pages are served. */
export interface PagePlaces {
  /** the address of the default page; null when it is not served */
  address: string | null
  /** the port of the edge of this machine */
  edgePort: number
}

/** The address of a status page for readers; null when it is not served. Pure. */
export const addressOf = (
  { name, url }: Pick<StoredPage, 'name' | 'url'>,
  { address, edgePort }: PagePlaces,
): string | null =>
  name === defaultPage ? address : (url ?? `http://status-${name}.localhost:${edgePort}`)
