import { existsSync, realpathSync } from 'node:fs'
import { homedir, totalmem } from 'node:os'
import { delimiter, dirname, isAbsolute, sep } from 'node:path'
import { machineVariables, stepPath } from './machine.ts'
import { type SystemCalls, systemCallFilter } from './system-calls.ts'

/** Settings shared by every command of this installation. */
export interface IsolationPolicy {
  /** Hidden folders: homes and the installation itself. */
  hidden: string[]
  /** Readable paths, also below hidden folders. */
  readable: string[]
  writable: string[]
  /** Limit of processes per user. */
  processes: number
  /** Limits of a step in megabytes: see `CommandLimits`. */
  memory: number
  disk: number
  /** The filter of system calls in base64; null for none. */
  filter: string | null
}

export interface IsolationOptions {
  env: Record<string, string | undefined>
  /** The folder of the installation. */
  root: string
  /** The home of the server's user. */
  home: string
  isRoot: boolean
  /** The PATH and the machine's variables for steps. */
  path: string
  machine: Record<string, string>
}

export const isolationOptions = (
  root: string,
  env: Record<string, string | undefined>,
): IsolationOptions => ({
  env,
  root,
  home: homedir(),
  isRoot: process.getuid?.() === 0,
  path: stepPath(env),
  machine: machineVariables(env),
})

/** Variables with which the operator configures isolation, visible folders, and limits. */
export const isolationVariables = [
  'FAIRLEAD_ISOLATION',
  'FAIRLEAD_ISOLATION_READ',
  'FAIRLEAD_ISOLATION_WRITE',
  'FAIRLEAD_ISOLATION_PROCESSES',
  'FAIRLEAD_ISOLATION_MEMORY_MB',
  'FAIRLEAD_ISOLATION_DISK_MB',
  'FAIRLEAD_ISOLATION_SYSCALLS',
] as const

/**
 * FAIRLEAD_ISOLATION: `auto` uses what is available, `required` refuses to run without isolation,
 * `off` runs steps as the server's user.
 */
export type IsolationMode = 'auto' | 'required' | 'off'

/** Reads FAIRLEAD_ISOLATION. Throws one sentence when it is invalid. */
export function isolationMode(env: Record<string, string | undefined>): IsolationMode {
  const mode = env['FAIRLEAD_ISOLATION'] || 'auto'
  if (mode === 'auto' || mode === 'required' || mode === 'off') return mode
  throw new Error(`FAIRLEAD_ISOLATION is "${mode}", but must be auto, required or off`)
}

/**
 * Returns the hidden folders, and the parts of them that programs need: folders on the PATH, and
 * the targets of the machine's variables.
 */
export function policyOf({
  env,
  root,
  home,
  path,
  machine,
}: Omit<IsolationOptions, 'isRoot'>): IsolationPolicy {
  const folders = ['/root', '/home', home, root]
    .filter((folder) => folder !== '/' && existsSync(folder))
    .map(realPath)
  const hidden = folders.filter(
    (folder, index) =>
      folders.indexOf(folder) === index &&
      !folders.some((other) => other !== folder && isBelow(folder, other)),
  )
  const isHidden = (one: string): boolean => hidden.some((folder) => isBelow(one, folder))
  const holdsHidden = (one: string): boolean =>
    [home, root].some((folder) => isBelow(realPath(folder), one))
  const tools = path.split(delimiter).flatMap((folder) => {
    if (!isAbsolute(folder) || !isHidden(folder)) return []
    const top =
      folder.endsWith(`${sep}bin`) && !holdsHidden(dirname(folder)) ? dirname(folder) : folder
    return holdsHidden(top) ? [] : [top]
  })
  const variables = Object.values(machine).filter(
    (value) => isAbsolute(value) && isHidden(value) && !holdsHidden(value),
  )
  const listed = (name: string): string[] => (env[name] ?? '').split(':').filter(isAbsolute)
  return {
    hidden,
    readable: [...tools, ...variables, ...listed('FAIRLEAD_ISOLATION_READ')],
    writable: listed('FAIRLEAD_ISOLATION_WRITE'),
    processes: limitOf(env, 'FAIRLEAD_ISOLATION_PROCESSES', 4096, 'processes'),
    memory: limitOf(env, 'FAIRLEAD_ISOLATION_MEMORY_MB', mostMemory(), 'megabytes'),
    disk: limitOf(env, 'FAIRLEAD_ISOLATION_DISK_MB', 20_000, 'megabytes'),
    filter: systemCallFilter(process.arch, systemCallsOf(env))?.toString('base64') ?? null,
  }
}

/** Three quarters of the memory of this machine or container, in megabytes. */
function mostMemory(): number {
  const bytes = Math.min(totalmem(), process.constrainedMemory() || totalmem())
  return Math.max(1, Math.floor((bytes * 0.75) / 1e6))
}

type Variables = Record<string, string | undefined>

/** A typing error must not disable isolation. */
function limitOf(env: Variables, name: string, fallback: number, unit: string): number {
  const value = env[name]
  if (!value) return fallback
  if (/^[1-9]\d{0,8}$/.test(value)) return Number(value)
  throw new Error(`${name} is "${value}", but must be a number of ${unit} such as ${fallback}`)
}

function systemCallsOf(env: Variables): SystemCalls {
  const mode = env['FAIRLEAD_ISOLATION_SYSCALLS'] || 'default'
  if (mode === 'default' || mode === 'namespaces' || mode === 'all') return mode
  throw new Error(
    `FAIRLEAD_ISOLATION_SYSCALLS is "${mode}", but must be default, namespaces or all`,
  )
}

export const isBelow = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(`${folder}${sep}`)

function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
