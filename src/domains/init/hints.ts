import type { Folder } from './folder.ts'

/** The path of a health check that a source file mentions. */
export function healthIn(...texts: string[]): string | undefined {
  for (const text of texts) {
    const found =
      /['"`\s]((?:\/api)?\/(?:healthz?|livez|readyz|healthcheck|_health))\/?['"`\s]/.exec(text)
    if (found?.[1]) return found[1]
  }
  return undefined
}

/** A note when a service does not seem to read its port from the environment. */
export function portNote(file: string, text: string): string[] {
  if (text === '' || /\bPORT\b/.test(text)) return []
  return [`${file} does not mention PORT; the service must listen on the port in that variable.`]
}

/** Text as one word of a shell command. */
export function word(text: string): string {
  return /^[A-Za-z0-9_./@%+=:,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

/** The first of these files that exists. */
export function firstOf(folder: Folder, paths: string[]): string | undefined {
  return paths.find((path) => folder.has(path))
}

export const escapeRegExp = (text: string): string =>
  text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
