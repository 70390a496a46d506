import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { hostCanary } from '#contract/host/route.ts'
import { hostRelease } from '#contract/host/release.ts'

/** The desired state of a release. */
const wantedRelease = z.object({ spec: hostRelease, desired: z.enum(['running', 'stopped']) })
const wantedEnvironment = z.object({
  app: z.string(),
  environment: z.string(),
  /** The highest epoch seen per deployment. */
  epochs: z.record(z.string(), z.number()),
  routed: z.number().nullable(),
  /** The release that had the traffic before, while it runs. */
  former: z.number().nullable().default(null),
  /** A release that receives a share of the requests. */
  canary: hostCanary.nullable().default(null),
  route: z.object({ host: z.string(), port: z.number().nullable() }),
  /** The release that runs each service that never runs twice. */
  owners: z.record(z.string(), z.number()).default({}),
  releases: z.array(wantedRelease),
})

/** A process of an instance, recognisable after a restart of the host. */
const savedInstance = z.object({
  service: z.string(),
  index: z.number(),
  pid: z.number().nullable(),
  startTime: z.string().nullable(),
  marker: z.string().nullable(),
  port: z.number().nullable(),
  /** The address of its container; absent for a process, which listens on 127.0.0.1. */
  ip: z.string().optional(),
  /** The id of its container; absent for a process. */
  container: z.string().optional(),
  started: z.number().nullable(),
  restarts: z.number(),
  /** Consecutive ends. */
  crashes: z.number().default(0),
  reason: z.string().nullable(),
  wasHealthy: z.boolean(),
  /** Where the output of the process begins in its log. */
  logStart: z.number().default(0),
  /** Of a service that never runs twice: what its process runs with, and from which artifact. */
  fingerprint: z.object({ base: z.string(), files: z.string() }).optional(),
  artifact: z.string().optional(),
})
/** The actual state of a release. */
const actualRelease = z.object({
  release: z.number(),
  wasReady: z.boolean(),
  failed: z.string().nullable(),
  crashes: z.number().default(0),
  lastCrash: z.string().nullable().default(null),
  instances: z.array(savedInstance),
})
const actualEnvironment = z.array(actualRelease)

export type WantedEnvironment = z.infer<typeof wantedEnvironment>
export type WantedRelease = z.infer<typeof wantedRelease>
export type ActualRelease = z.infer<typeof actualRelease>
export type SavedInstance = z.infer<typeof savedInstance>

/** An instance whose process has not started. */
export function freshInstance(service: string, index: number): SavedInstance {
  return {
    service,
    index,
    pid: null,
    startTime: null,
    marker: null,
    port: null,
    started: null,
    restarts: 0,
    crashes: 0,
    reason: null,
    wasHealthy: false,
    logStart: 0,
  }
}

/**
 * The state of the host: two files per environment with mode 0600, because they contain secrets.
 * The desired state survives a power cut. The actual state changes often and is worthless after a
 * power cut, so it is not synced.
 */
export interface StateFiles {
  read(): { wanted: WantedEnvironment; actual: ActualRelease[] }[]
  writeWanted(environment: WantedEnvironment): void
  writeActual(app: string, environment: string, releases: ActualRelease[]): void
  remove(app: string, environment: string): void
}

export function openState(folder: string, onProblem: (sentence: string) => void): StateFiles {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const fileOf = (app: string, environment: string, kind: string): string =>
    join(folder, `${app}.${environment}.${kind}.json`)
  const readFile = <T>(schema: z.ZodType<T>, file: string): T | null => {
    try {
      return schema.parse(JSON.parse(readFileSync(file, 'utf8')))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        onProblem(`the state file ${file} cannot be read and is left alone`)
      return null
    }
  }
  return {
    read: () => {
      const names = readdirSync(folder)
      for (const name of names)
        if (name.endsWith('.draft')) rmSync(join(folder, name), { force: true })
      return names.flatMap((name) => {
        const wanted = name.endsWith('.wanted.json')
          ? readFile(wantedEnvironment, join(folder, name))
          : null
        if (!wanted) return []
        const actual = readFile(actualEnvironment, fileOf(wanted.app, wanted.environment, 'actual'))
        return [{ wanted, actual: actual ?? [] }]
      })
    },
    writeWanted: (environment) =>
      replaceFile(
        fileOf(environment.app, environment.environment, 'wanted'),
        JSON.stringify(environment),
        true,
      ),
    writeActual: (app, environment, releases) =>
      replaceFile(fileOf(app, environment, 'actual'), JSON.stringify(releases), false),
    remove: (app, environment) => {
      for (const kind of ['wanted', 'actual'])
        rmSync(fileOf(app, environment, kind), { force: true })
    },
  }
}

/**
 * What runs of an environment, for another process than the host. Null when the host has no such
 * environment. Throws when the file cannot be read.
 */
export function readActual(host: string, app: string, environment: string): ActualRelease[] | null {
  const [folder, file] = [join(host, 'state'), `${app}.${environment}.actual.json`]
  if (!readdirSync(folder).includes(file)) return null
  return actualEnvironment.parse(JSON.parse(readFileSync(join(folder, file), 'utf8')))
}

/**
 * After a crash of this process, the file has the old or the new text; with `isDurable`, also after
 * a power cut.
 */
export function replaceFile(file: string, text: string, isDurable: boolean): void {
  const draft = `${file}.${process.pid}.draft`
  const fd = openSync(draft, 'w', 0o600)
  try {
    writeFileSync(fd, text)
    if (isDurable) fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(draft, file)
}
