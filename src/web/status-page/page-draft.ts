import {
  defaultPage,
  type StatusPageChange,
  type StatusPageSettings,
} from '#contract/status-page/pages.ts'

/** What somebody has entered about a status page. */
export interface PageDraft {
  name: string
  title: string
  url: string
  /** names with commas between them, like `groups` and `components` */
  apps: string
  groups: string
  components: string
  isPrivate: boolean
  renew: boolean
  /** a new logo; null for none */
  logo: Blob | null
  /** whether the page gives up its own logo */
  noLogo: boolean
  /** colours such as `#0b57d0`; both empty for those of the installation */
  light: string
  dark: string
}

/** What the form begins with. */
export const draftOf = (page: StatusPageSettings | null): PageDraft => ({
  name: page?.name ?? '',
  title: page?.title ?? '',
  url: page?.url ?? '',
  apps: page?.apps.join(', ') ?? '',
  groups: page?.groups.join(', ') ?? '',
  components: page?.components.join(', ') ?? '',
  isPrivate: page?.private ?? false,
  ...{ renew: false, logo: null, noLogo: false },
  light: page?.colors?.light ?? '',
  dark: page?.colors?.dark ?? '',
})

/** The change that a draft asks for. */
export async function changeOf(
  draft: PageDraft,
  page: StatusPageSettings | null,
): Promise<StatusPageChange> {
  const { title, url, apps, groups, components, isPrivate, renew } = draft
  const [light, dark] = [draft.light.trim().toLowerCase(), draft.dark.trim().toLowerCase()]
  const logo = draft.noLogo ? null : draft.logo === null ? undefined : await base64Of(draft.logo)
  return {
    ...{ title, apps: listOf(apps), groups: listOf(groups), components: listOf(components) },
    ...(page?.name === defaultPage ? {} : { url: url.trim() === '' ? null : url.trim() }),
    ...(page?.name === defaultPage ? {} : { private: isPrivate }),
    ...(renew && isPrivate && page?.private === true ? { renew } : {}),
    ...(logo === undefined ? {} : { logo }),
    colors: light + dark === '' ? null : { light, dark },
  }
}

const listOf = (text: string): string[] =>
  text
    .split(',')
    .map((one) => one.trim())
    .filter(Boolean)

async function base64Of(file: Blob): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer())
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
}
