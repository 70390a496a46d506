import type { HostRelease } from '#contract/host/release.ts'
import type { HostService } from '#contract/host/service.ts'
import type { Address } from './address.ts'
import type { Machine } from './machine.ts'
import type { Listener } from './processes.ts'

export interface RuntimeContext {
  machine: Machine
  release: HostRelease
  service: HostService
  folder: string
  dataFolder: string
  configFolder: string
  logFile: string
  tmpFolder: string
}

/** What an instance asks and is notified of while it starts and runs. */
export interface RuntimeEvents {
  /** Checked before and after it is created. */
  isCancelled(): boolean
  /** Called in the same tick in which what runs is recorded. */
  onStart(): void
  onError(error: Error): void
  /** `how` continues a sentence that starts with the service's name. */
  onExit(how: string): void
}

/**
 * What runs an instance: a process or a container. Its identity is kept in the saved state, so that
 * the next host finds it again.
 */
export interface InstanceRuntime {
  readonly isRunning: boolean
  /** Whether something of it is to be stopped. */
  readonly exists: boolean
  /** Whether it holds a socket; true when unknown. */
  readonly holdsSocket: boolean
  /** Where it listens; null without a port, and before its start. */
  readonly address: Address | null
  /** Why its memory limit is not enforced; undefined when it is or when there is none. */
  readonly unlimited: string | undefined
  /** Starts it. Throws one sentence on failure. */
  start(events: RuntimeEvents): Promise<void>
  /** Watches what a previous host started; returns whether it reports its end. */
  adopt(events: Pick<RuntimeEvents, 'onExit'>): boolean
  /** The TCP addresses that it listens on. */
  listeners(): Promise<Listener[]>
  /** Kills it with everything that it started. */
  kill(): Promise<void>
  /** Asks it to end, as the service configures it, and then kills what is left. */
  terminate(): Promise<void>
  /** Leaves it to another host. */
  leave(): void
  /** Forgets it after its end. */
  forget(): void
  releasePort(): void
  releaseLimits(): void
}
