import { z } from 'zod'

/** A setting in a file of configuration on disk. */
export const configLine = z.object({
  file: z.string(),
  line: z.number().int(),
  name: z.string(),
  value: z.string(),
})
export type ConfigLine = z.infer<typeof configLine>

/** What an instance reports of itself. */
export const facts = z.object({
  /** why it could not be examined, in one sentence; null when it was */
  problem: z.string().nullable(),
  /** it could not be examined because it still reads its data */
  isBusy: z.boolean(),
  /** how it let Fairlead in, such as `no password` */
  credential: z.string(),
  /** what it is among its like, such as `a master`; null when it has no roles */
  role: z.string().nullable(),
  /** how much data it has; null when that is not known */
  items: z.number().nullable(),
  /** where it keeps its data; null when that is not known */
  store: z.string().nullable(),
  /** whether what is on disk is what it has in memory; false when a stop writes the rest */
  isCurrent: z.boolean(),
  /** the effective settings */
  settings: z.record(z.string(), z.string()),
})
export type Facts = z.infer<typeof facts>

/** How to reach an instance. */
export interface Access {
  port: number
  /** the variables of the service */
  env: Record<string, string>
  /** the settings on disk */
  lines: ConfigLine[]
  /** the path of `rehearse.settings` */
  settingsPath: string | undefined
  timeoutMs: number
}

/**
 * A kind of software that a rehearsal knows: one file in `software/`, its default export made by
 * `defineSoftware`.
 */
export interface Software {
  /** such as `redis` */
  name: string
  /** for people, such as `Redis` */
  title: string
  /** the words of a command that runs it */
  example: string[]
  /** Whether these words run it; the first one is the name of the program, without its folder. */
  detect(words: string[]): boolean
  /** The files of configuration of an instance. */
  files(words: string[], env: Record<string, string>): string[]
  /** The settings in one of these files; the later one of the same name counts. */
  parse(text: string): { line: number; name: string; value: string }[]
  /** The file and the line that its output reports as wrong; null when it reports none. */
  blame(output: string, lines: ConfigLine[]): { file: string | null; line: number } | null
  /** What its output says about its end, or an empty text; null leaves that to a general rule. */
  explain(output: string): string | null
  /** What is counted as data, such as `keys`. */
  unit: string
  /** Files that it appends its errors to, beside its output. */
  logs(words: string[], lines: ConfigLine[]): string[]
  /** Files below the folder of data that a start with the former instance gone would not find. */
  stale(words: string[], env: Record<string, string>): string[]
  /**
   * Text to append to files of the copy, in this order, so that a start does not copy all of the
   * data. `read` answers the text of a file, and `size` its bytes; one that does not exist is
   * created.
   */
  spare(
    words: string[],
    env: Record<string, string>,
    read: (file: string) => string,
    size: (file: string) => number,
  ): { file: string; text: string }[]
  /** Whether its output says that data was written while it was read, as in no restart. */
  isTorn(output: string): boolean
  /** Bytes that must be free on the disk of the data for it to start. */
  leastDisk: number
  /** Settings that never say anything about a restart. */
  volatile: RegExp
  /** The setting that decides what a check has found, for the line on disk. */
  cause: Partial<Record<'role' | 'write' | 'data' | 'credential' | 'port', string[]>>
  /** Reads what an instance reports; changes nothing. */
  examine(access: Access): Promise<Facts>
  /** Writes and reads back; returns why that was refused in one sentence, or null. */
  write?: (access: Access) => Promise<string | null>
}

export function defineSoftware(
  definition: Pick<Software, 'name' | 'title' | 'example' | 'detect'> & Partial<Software>,
): Software {
  return {
    files: () => [],
    parse: () => [],
    blame: () => null,
    explain: () => null,
    unit: 'items',
    logs: () => [],
    stale: () => [],
    spare: () => [],
    isTorn: () => false,
    leastDisk: 0,
    volatile: /$^/,
    cause: {},
    examine: async () => nothingKnown,
    ...definition,
  }
}

export const nothingKnown: Facts = {
  problem: null,
  isBusy: false,
  credential: '',
  role: null,
  items: null,
  store: null,
  isCurrent: true,
  settings: {},
}

/** Facts of an instance that let nobody in, or did not answer. */
export const notExamined = (problem: string, isBusy = false): Facts => ({
  ...nothingKnown,
  problem,
  isBusy,
})

/** Lines such as `name value`, with `#` for comments. */
export function directives(text: string): { line: number; name: string; value: string }[] {
  return text.split('\n').flatMap((content, index) => {
    const match = /^\s*([A-Za-z][\w.-]{0,100})\s+(\S.{0,1000})$/.exec(content.trimEnd())
    return match ? [{ line: index + 1, name: match[1] ?? '', value: unquote(match[2] ?? '') }] : []
  })
}

export const unquote = (text: string): string => {
  const value = text.trim()
  const isQuoted = /^(["']).*\1$/.test(value) && value.length > 1
  return isQuoted ? value.slice(1, -1) : value
}

/** The value of an option in the words of a command: `-D X`, `-DX` or `--data=X`. */
export function optionOf(words: string[], ...names: string[]): string | null {
  for (const [index, word] of words.entries())
    for (const name of names) {
      if (word === name) return words[index + 1] ?? null
      if (name.startsWith('--') && word.startsWith(`${name}=`)) return word.slice(name.length + 1)
      if (!name.startsWith('--') && word.startsWith(name)) return word.slice(name.length)
    }
  return null
}

/** The value of the last line of a name; null when there is none. */
export const valueOf = (lines: ConfigLine[], name: string): string | null =>
  lines.findLast((one) => one.name.toLowerCase() === name)?.value ?? null
