import { sessionKeyName, signInMinutes } from '#contract/access/access.ts'

/** When this browser last went to the provider to sign in, in milliseconds since the epoch. */
const startedName = 'fairlead-sign-in-started'

/**
 * The key of the session, which every request sends in a header. Only this origin can read it; the
 * session cookie is sent to every port of the host.
 */
export interface SessionKey {
  get(): string | null
  set(key: string): void
  remove(): void
  /** Allows the next fragment of the address to set the key. */
  startSignIn(): void
  /** Takes the key from a URL fragment with which a sign-in through the provider ends. */
  accept(fragment: string): void
}

/** `storage` throws where the browser does not allow it; the key is then lost on reload. */
export function createSessionKey(storage: () => Storage, now: () => number): SessionKey {
  const memory = new Map<string, string>()
  const attempt = <T>(act: () => T, otherwise: () => T): T => {
    try {
      return act()
    } catch {
      return otherwise()
    }
  }
  const read = (name: string): string | null =>
    attempt(
      () => storage().getItem(name),
      () => memory.get(name) ?? null,
    )
  const write = (name: string, value: string): void =>
    attempt(
      () => storage().setItem(name, value),
      () => void memory.set(name, value),
    )
  const remove = (name: string): void =>
    attempt(
      () => storage().removeItem(name),
      () => void memory.delete(name),
    )
  return {
    get: () => read(sessionKeyName),
    set: (key) => write(sessionKeyName, key),
    remove: () => remove(sessionKeyName),
    startSignIn: () => write(startedName, String(now())),
    accept: (fragment) => {
      const key = new URLSearchParams(fragment.replace(/^#/, '')).get(sessionKeyName)
      if (key === null) return
      // Otherwise a link of somebody else could sign this browser in to their session.
      const age = now() - Number(read(startedName) ?? Number.NaN)
      remove(startedName)
      if (age >= 0 && age < signInMinutes * 60_000) write(sessionKeyName, key)
    },
  }
}
