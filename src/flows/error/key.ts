import type { StoredKey } from '#domains/error/store.ts'

/** The address for SDKs of Sentry: `https://KEY@HOST/PROJECT`. */
export function dsnOf(publicUrl: string, { key, project }: StoredKey): string {
  const { protocol, host, pathname } = new URL(publicUrl)
  const base = pathname === '/' ? '' : pathname.replace(/\/$/, '')
  return `${protocol}//${key}@${host}${base}/${project}`
}
