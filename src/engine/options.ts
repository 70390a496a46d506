import type { Clock } from '#platform/clock.ts'
import type { Logger } from '#platform/log.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { WorkflowDefinition } from './workflow.ts'

export interface EngineOptions {
  db: Database
  clock: Clock
  /** from 0 to below 1 */
  random: () => number
  /** name of this server in events and leases */
  replica: string
  /** the folder with the files of the installation: replicas of two folders exclude each other */
  home?: string | null
  definitions: readonly WorkflowDefinition[]
  log: Logger
  /**
   * Returns whether an error of a step's body would be the same at each try: the step has failed
   * then. Default: no error but Failed.
   */
  isFinal?: (error: unknown) => boolean
  /** milliseconds without a heartbeat after which a replica counts as dead; default 2000 */
  lease?: number
  /**
   * Called after each renewal with the time on the monotonic clock until which this replica may
   * act. Everything that acts for the replica must stop by then.
   */
  onLease?: (validUntil: number) => void
  /** Called when a replica of another home took the place of this one: the process must end. */
  onReplaced?: (error: Error) => void
}
