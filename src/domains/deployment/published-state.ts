import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { FairleadError } from '#contract/errors.ts'
import type { EnvironmentReference, Fence } from './target.ts'

export const stateSchema = z.object({
  app: z.string(),
  environment: z.string(),
  /** the highest epoch of each deployment */
  epochs: z.record(z.string(), z.number()),
  stopped: z.array(z.number()),
  /** why a release could not be published */
  failed: z.record(z.string(), z.string()),
})
export type State = z.infer<typeof stateSchema>

export const stateFile = '.fairlead.json'
/** Deployments whose epochs are kept. */
const epochsKept = 20

export function problemFor(
  owner: EnvironmentReference,
  problem: string | null,
  state: State | null,
): string | null {
  if (problem !== null) return problem
  if (state === null || isOwner(state, owner)) return null
  return `the directory belongs to the environment ${state.environment} of ${state.app}`
}

export const isOwner = (state: State | null, { app, environment }: EnvironmentReference): boolean =>
  state?.app === app && state.environment === environment

export const newState = ({ app, environment }: EnvironmentReference): State => ({
  ...{ app, environment, epochs: {}, stopped: [], failed: {} },
})

/** Refuses a lower epoch of a deployment, and returns the state with a higher one. Pure. */
export function admitEpoch<S extends { epochs: Record<string, number> }>(
  state: S,
  { deployment, epoch }: Fence,
): S {
  const known = state.epochs[deployment] ?? 0
  if (epoch < known) throw new FairleadError('overtaken', { what: `deployment ${deployment}` })
  const epochs: Record<string, number> = { ...state.epochs, [deployment]: epoch }
  const newest = Object.entries(epochs).toSorted(([a], [b]) => Number(b) - Number(a))
  return { ...state, epochs: Object.fromEntries(newest.slice(0, epochsKept)) }
}

/** Admits an epoch, and records a higher one. */
export function admit(folder: string, state: State, fence: Fence): State {
  const next = admitEpoch(state, fence)
  if (fence.epoch > (state.epochs[fence.deployment] ?? 0)) writeState(folder, next)
  return next
}

export function readState(folder: string): State | null {
  try {
    return stateSchema.parse(JSON.parse(readFileSync(join(folder, stateFile), 'utf8')))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

export function writeState(folder: string, state: State): void {
  mkdirSync(folder, { recursive: true })
  const draft = join(folder, `${stateFile}-${process.pid}`)
  const fd = openSync(draft, 'w', 0o644)
  try {
    writeFileSync(fd, JSON.stringify(state))
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(draft, join(folder, stateFile))
}
