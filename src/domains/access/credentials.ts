/** Where a request comes from. */
export interface Origin {
  /** the Cookie header */
  cookie?: string | undefined
  /** the client's IP address; attempts to sign in are limited per address */
  address: string
  /** the User-Agent header */
  agent?: string | undefined
}

/** The parts of a request that identify the caller. */
export interface Credentials extends Origin {
  /** the Authorization header */
  authorization?: string | undefined
  /** the session key of the console, see `sessionKeyName` */
  sessionKey?: string | undefined
}

/** The token of `Bearer TOKEN`, or the password of `Basic …`, which is how git sends it. */
export function tokenOf(authorization: string | undefined): string | null {
  const [scheme, rest] = authorization?.split(' ', 2) ?? []
  if (scheme?.toLowerCase() === 'bearer' && rest) return rest
  if (scheme?.toLowerCase() !== 'basic' || !rest) return null
  const text = Buffer.from(rest, 'base64').toString('utf8')
  return text.slice(text.indexOf(':') + 1)
}

/** The value of a cookie in a Cookie header. */
export function cookieOf(header: string | undefined, name: string): string | null {
  const pair = header
    ?.split(';')
    .map((part) => part.trim())
    .find((part) => part.startsWith(`${name}=`))
  return pair ? pair.slice(name.length + 1) : null
}
