import { sessionCookie, signInCookie } from '#contract/access/access.ts'

const names = new Set([sessionCookie, signInCookie])

const isOfConsole = (pair: string): boolean => names.has((pair.split('=', 1)[0] ?? '').trim())

/**
 * Whether a Cookie header contains a cookie of the console. A browser sends cookies to every port
 * of a host, so those of the console also arrive with the requests for apps.
 */
export const hasConsoleCookie = (header: string): boolean => header.split(';').some(isOfConsole)

/** A Cookie header without the cookies of the console; empty when it has no other. */
export const withoutConsoleCookies = (header: string): string =>
  header
    .split(';')
    .filter((pair) => !isOfConsole(pair))
    .join(';')
    .trim()
