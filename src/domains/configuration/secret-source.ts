import type { z } from 'zod'

/** What reading a secret needs from outside. */
export interface SourceIo {
  fetch: typeof fetch
  /** aborts the read */
  signal: AbortSignal
  /** the environment of the server, for a program that the source runs */
  env: Env
}

export type Env = Record<string, string | undefined>

/**
 * The value cannot be read now but may be available soon, so that another attempt is worthwhile.
 */
export class Unavailable extends Error {
  override name = 'Unavailable'
}

/** An external store that holds the value of a secret, as a plugin declares it. */
export interface SecretSourceSpec<Settings extends object> {
  /** the prefix of references to it, such as `vault` in `vault:secret/data/shop#password` */
  kind: string
  /** its name in documentation and messages */
  title: string
  /**
   * The environment variables of the server that configure the source. The operator sets them and
   * limits which secrets can be read; a reference names a place inside that limit.
   */
  settings: z.ZodType<Settings>
  /** The syntax of a place: the part of a reference after `KIND:`. */
  place: z.ZodType<string>
  /** The parts of a place, the broadest first. By default those between slashes. */
  parts?(place: string): string[]
  /** A valid place with the settings that it needs, for documentation and tests. */
  example: { place: string; settings: Record<string, string> }
  /**
   * Reads the value. Throws an error with the reason, which must not contain the value or a
   * credential; an `Unavailable` when another attempt may succeed.
   */
  read(place: string, settings: Settings, io: SourceIo): Promise<string>
}

export interface SecretSource extends Pick<SecretSourceSpec<object>, 'kind' | 'title' | 'example'> {
  /** The problem with a place, or with the settings, in one sentence; null when it can be read. */
  problem(place: string, env: Env): string | null
  /** The parts of a place, the broadest first; a prefix allows whole parts. */
  parts(place: string): string[]
  read(place: string, io: SourceIo): Promise<string>
}

/** Declares a secret source. Adding one is adding its file to `sources`. */
export function defineSecretSource<Settings extends object>(
  spec: SecretSourceSpec<Settings>,
): SecretSource {
  const { kind, title, example } = spec
  return {
    kind,
    title,
    example,
    problem: (place, env) => {
      const missing = spec.settings.safeParse(env).error?.issues[0]
      if (missing) return missing.message
      return spec.place.safeParse(place).error?.issues[0]?.message ?? null
    },
    parts: spec.parts ?? ((place) => place.split('/')),
    read: (place, io) => spec.read(spec.place.parse(place), spec.settings.parse(io.env), io),
  }
}
