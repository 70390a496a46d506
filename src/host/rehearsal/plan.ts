import { z } from 'zod'
import { hostRelease } from '#contract/host/release.ts'
import { hostService } from '#contract/host/service.ts'
import type { Isolation } from '#platform/process/isolation.ts'
import { switchPlace } from '../switches/place.ts'
import { configLine, facts } from './software.ts'

/** The process that runs now, to compare with. */
const liveInstance = z.object({
  pid: z.number().int(),
  startTime: z.string().nullable(),
  marker: z.string().nullable(),
  port: z.number().int().nullable(),
})

/** A release whose command before the start runs on the copy, before the second instance. */
const releaseBefore = z.object({
  release: hostRelease,
  /** its unpacked artifact */
  folder: z.string(),
  /** the folder of the configuration folders of its services */
  configFolder: z.string(),
})

/** What a rehearsal is of, and its limits. The host writes it to the process of the rehearsal. */
export const rehearsalPlan = z.object({
  release: hostRelease,
  service: hostService,
  live: liveInstance.nullable(),
  /** the unpacked artifact, and the data of the service */
  folder: z.string(),
  dataFolder: z.string(),
  /** its rendered configuration files */
  configFolder: z.string(),
  /** a folder with the files of a release that has not started; null for those on disk */
  nextFiles: z.string().nullable(),
  after: releaseBefore.nullable(),
  /** absent when the release has no switches */
  switches: switchPlace.optional(),
  /** an empty folder for everything that the rehearsal writes */
  place: z.string(),
  isolation: z.custom<Isolation>((value) => typeof value === 'object'),
  path: z.string(),
  /** in the environment of all its processes */
  marker: z.string(),
  limits: z.object({
    ms: z.number(),
    /** bytes of memory and of disk that it may use, and bytes of the disk that stay free */
    memory: z.number(),
    disk: z.number(),
    keepFree: z.number(),
  }),
})
export type RehearsalPlan = z.infer<typeof rehearsalPlan>

/** What a second instance may connect to: the stage listens in its place. */
const relayed = z.object({ address: z.string(), port: z.number().int() })

/** An instance of a service that the stage starts. */
const stageInstance = z.object({
  command: z.tuple([z.string()], z.string()),
  cwd: z.string(),
  env: z.record(z.string(), z.string()),
  port: z.number().int().nullable(),
  service: hostService,
  /** the command as words */
  words: z.array(z.string()),
  software: z.string(),
})
export type StageInstance = z.infer<typeof stageInstance>

/** What the stage does. It is passed in variables, because it contains secrets. */
export const stagePlan = stageInstance.extend({
  /** services with data that start before */
  first: z.array(stageInstance),
  /** the command before the start, which runs after them; null for none */
  before: stageInstance.pick({ command: true, cwd: true, env: true }).nullable(),
  host: z.string(),
  ms: z.number(),
  memory: z.number(),
  relays: z.array(relayed),
  relaySocket: z.string(),
})
export type StagePlan = z.infer<typeof stagePlan>

/** What the stage has seen. Its text may come from the app: it is not trusted. */
export const stageReport = z.object({
  /** how the process ended by itself, as the end of a sentence; null when it runs */
  ended: z.string().nullable(),
  /** why it is not healthy; null when it is */
  health: z.string().nullable(),
  /** a limit that the stage enforced; null for none */
  exceeded: z.enum(['memory', 'time']).nullable(),
  /** whether it tried to connect to something that is not there */
  attempts: z.number(),
  /** what kept the second instance from a start; null for nothing */
  before: z.object({ isCommand: z.boolean(), problem: z.string() }).nullable(),
  facts: facts.nullable(),
  /** milliseconds from its start until it was healthy and had answered; null when it did not */
  startMs: z.number().int().nullable(),
  /** why a write was refused; null when it was accepted, or was not tried */
  write: z.string().nullable(),
  command: z.object({ code: z.number().nullable(), output: z.string() }).nullable(),
  words: z.array(z.string()),
  /** of its process; null when it has overwritten them */
  variables: z.record(z.string(), z.string()).nullable(),
  lines: z.array(configLine).max(5000),
  blame: z.object({ file: z.string(), line: z.number(), text: z.string() }).nullable(),
  memory: z.number(),
  output: z.array(z.string()).max(400),
})
export type StageReport = z.infer<typeof stageReport>

/** Milliseconds that the command before the start may take on a copy. */
export const beforeMs = 100_000

/** Variables of the stage with parts of its plan: one has a limit of 128 KB. */
const partBytes = 60_000
export const stageVariable = 'FAIRLEAD_STAGE'

export function toVariables(plan: StagePlan): Record<string, string> {
  const text = Buffer.from(JSON.stringify(plan)).toString('base64')
  const count = Math.ceil(text.length / partBytes)
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `${stageVariable}_${index}`,
      text.slice(index * partBytes, (index + 1) * partBytes),
    ]),
  )
}

export function fromVariables(env: Record<string, string | undefined>): StagePlan {
  let text = ''
  for (let index = 0; env[`${stageVariable}_${index}`] !== undefined; index += 1)
    text += env[`${stageVariable}_${index}`]
  return stagePlan.parse(JSON.parse(Buffer.from(text, 'base64').toString('utf8')))
}
