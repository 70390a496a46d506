import type { Edge } from './edge/edge.ts'
import type { Machine } from './machine.ts'
import type { RemovedOutput } from './removed-output.ts'
import type { Scale } from './scale.ts'
import type { StateFiles } from './state.ts'
import type { UnpackedArtifacts } from './unpacked.ts'

/** What an environment asks of its host. */
export interface EnvironmentContext {
  machine: Machine
  artifacts: UnpackedArtifacts
  removedOutput: RemovedOutput
  /** The folder of the host. */
  folder: string
  state: StateFiles
  edge: Edge
  /** Resolves when the previous host has answered its last request. */
  predecessor: Promise<void>
  scale: Pick<Scale, 'instancesOf'>
  isFrozen(): boolean
  /** Whether a command still uses the files of a release. */
  isInUse(app: string, environment: string, release: number): boolean
  /** Called after each change that others may wait for. */
  changed(): void
  /** Whether another environment has a fixed port. */
  isPortHeld(port: number): boolean
  /** Takes a fixed port away from the environment that has it. */
  takePort(port: number): void
  log(message: string, fields?: Record<string, unknown>): void
}
