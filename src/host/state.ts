import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { hostRelease } from '#contract/host.ts'

/** A process of an instance, recognisable after a restart of the host: a pid alone may have been used again. */
const savedInstance = z.object({
  service: z.string(),
  index: z.number(),
  pid: z.number().nullable(),
  startTime: z.string().nullable(),
  port: z.number().nullable(),
  started: z.number().nullable(),
  restarts: z.number(),
  reason: z.string().nullable(),
})
const savedRelease = z.object({
  spec: hostRelease,
  desired: z.enum(['running', 'stopped']),
  wasReady: z.boolean(),
  failed: z.string().nullable(),
  instances: z.array(savedInstance),
})
const savedEnvironment = z.object({
  app: z.string(),
  environment: z.string(),
  epochs: z.record(z.string(), z.number()),
  routed: z.number().nullable(),
  route: z.object({ host: z.string(), port: z.number().nullable() }),
  releases: z.array(savedRelease),
})
export type SavedInstance = z.infer<typeof savedInstance>
export type SavedEnvironment = z.infer<typeof savedEnvironment>

/** The host's memory: one file per environment, mode 0600 because it holds the services' secrets. */
export interface StateFiles {
  read(): SavedEnvironment[]
  write(environment: SavedEnvironment): void
  remove(app: string, environment: string): void
}

export function openState(folder: string, onProblem: (sentence: string) => void): StateFiles {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const fileOf = (app: string, environment: string): string => join(folder, `${app}.${environment}.json`)
  return {
    read: () => {
      const found: SavedEnvironment[] = []
      for (const name of readdirSync(folder)) {
        if (!name.endsWith('.json')) {
          rmSync(join(folder, name), { force: true })
          continue
        }
        try {
          found.push(savedEnvironment.parse(JSON.parse(readFileSync(join(folder, name), 'utf8'))))
        } catch (error) {
          onProblem(
            `the state file ${name} cannot be read and is left alone: ${(error as Error).message.split('\n')[0]}`,
          )
        }
      }
      return found
    },
    write: (environment) =>
      writeAtomically(fileOf(environment.app, environment.environment), JSON.stringify(environment)),
    remove: (app, environment) => rmSync(fileOf(app, environment), { force: true }),
  }
}

/** What the file says after a crash is the old or the new text, whole. */
function writeAtomically(file: string, text: string): void {
  const draft = `${file}.${process.pid}.draft`
  const fd = openSync(draft, 'w', 0o600)
  try {
    writeSync(fd, text)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(draft, file)
}
