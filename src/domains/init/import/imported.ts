import { parse } from 'yaml'
import { z } from 'zod'
import { FairleadError } from '#contract/errors.ts'
import type { Proposal } from '../detector.ts'
import type { Folder } from '../folder.ts'

/** What the file of another tool becomes. */
export interface Imported {
  app?: string
  /** the first one gets the requests */
  services: Record<string, ImportedService>
  /** in order */
  environments: Record<string, ImportedEnvironment>
  /** sentences: what the reader has to do */
  found: string[]
}

export interface ImportedService {
  run: string
  health?: string
  port?: boolean
  instances?: number
  memory?: number
  directory?: string
  env?: Record<string, string>
}

export interface ImportedEnvironment {
  target?: { kind: string; host?: string; hosts?: string[] }
  before?: string
  env?: Record<string, string>
}

/** Reads the file of one tool; throws when it cannot be read. Pure. */
export type Importer = (folder: Folder, detected: Proposal) => Imported

/** A value of a variable, as YAML files write it. */
export const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String)

/** The command of a service of which the file of the other tool has none. */
export const noCommand = "echo 'Write the command of this service in fairlead.yaml' && exit 1"

export function mustFind(folder: Folder, names: string[]): string {
  const found = names.find((name) => folder.has(name))
  if (found === undefined)
    throw new FairleadError('not_now', { why: `There is no ${names.join(' or ')} here` })
  return found
}

/** The contents of a YAML file, without aliases. */
export function readYaml(folder: Folder, path: string): unknown {
  try {
    return parse(folder.read(path), { merge: true, logLevel: 'error' }) as unknown
  } catch (error) {
    const [line = ''] = (error as Error).message.split('\n')
    throw new FairleadError('not_now', {
      why: `${path} is not valid YAML: ${line.replace(/[.:]$/, '')}`,
    })
  }
}

/** Checks the parts of a file that are read. */
export function mustBe<T>(schema: z.ZodType<T>, path: string, value: unknown): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const where = issue?.path.join('.') || 'the file'
  const problem = (issue?.message ?? 'it is not as expected').replace(/\.$/, '')
  throw new FairleadError('not_now', {
    why: `${path} cannot be imported: ${where}: ${problem}`,
  })
}

/** A name of fairlead.yaml for a name of another tool. */
export const nameFor = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replaceAll(/^-+|-+$/g, '') || 'service'

const units: Record<string, number> = { '': 1, b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }

/** Megabytes of a limit such as `512m` or `2gb`, as Docker writes it; null when it is none. */
export function megabytes(limit: string): number | null {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)([bkmg]?)b?$/i.exec(limit.trim()) ?? []
  const bytes = Number(number) * (units[unit.toLowerCase()] ?? 1)
  return bytes >= 1024 ** 2 ? Math.round(bytes / 1024 ** 2) : null
}

/** Words as a command of a shell. */
export const shellWords = (words: string[]): string =>
  words
    .map((word) =>
      /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`,
    )
    .join(' ')

/** The object without keys that have no value or an empty object. */
export const filled = <T extends object>(object: T): T =>
  Object.fromEntries(
    Object.entries(object).filter(
      ([, value]) =>
        value !== undefined &&
        (typeof value !== 'object' || value === null || Object.keys(value).length > 0),
    ),
  ) as T
