import type { HostService } from '#contract/host/service.ts'
import type { Address } from './address.ts'
import type { Holder } from './exclusive.ts'
import type { Machine } from './machine.ts'
import type { RemovedOutput } from './removed-output.ts'
import type { UnpackedArtifacts } from './unpacked.ts'

/** What a release asks of its environment and its host. */
export interface ReleaseContext {
  machine: Machine
  artifacts: UnpackedArtifacts
  removedOutput: RemovedOutput
  /** The folder of the host. */
  folder: string
  /** Holds the output of removed releases of the environment. */
  outputFolder: string
  isRouted(): boolean
  /** Whether a command still uses its files. */
  isInUse(): boolean
  /** Whether it is the release that runs a service that never runs twice. */
  owns(service: string): boolean
  /** The process of a service that never runs twice, in another release; null for none. */
  claim(service: string): Holder | null
  /** Stores the new state and updates the edge. */
  changed(): void
  drain(graceMs: number): Promise<void>
  /** How many instances of a service run now. */
  instancesOf(service: HostService): number
  /** Waits until an instance without new requests has answered its last one, at most `graceMs`. */
  drainInstance(address: Address, graceMs: number): Promise<void>
}
