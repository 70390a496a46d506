/** What reading a secret elsewhere takes from outside. */
export interface SourceOptions {
  env: Record<string, string | undefined>
  fetch: typeof fetch
  signal: AbortSignal
}

/** The value is not to be had now, but may be soon: worth another try. */
export class NotNow extends Error {
  override name = 'NotNow'
}

/**
 * Where the value of a secret may be kept instead of here, as `NAME:PLACE`. Whoever may set secrets
 * names a place; only who runs the server says, by its environment, which places there are. Adding
 * one takes one file, and its line in `all.ts`.
 */
export interface SecretSource {
  /**
   * what is wrong with a place, or that this source is not set up, in words; null when it may be
   * read
   */
  problem(place: string, env: SourceOptions['env']): string | null
  /**
   * Throws an error whose message says why, and never holds the value; a NotNow when it may be
   * there soon.
   */
  read(place: string, options: SourceOptions): Promise<string>
}
