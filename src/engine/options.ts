import type { Clock } from '#platform/clock.ts'
import type { Logger } from '#platform/log.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { WorkflowDefinition } from './workflow.ts'

export interface EngineOptions {
  db: Database
  clock: Clock
  /** from 0 to below 1 */
  random: () => number
  /** names this server in events and leases */
  replica: string
  definitions: readonly WorkflowDefinition[]
  log: Logger
  /** milliseconds after which a replica that is not heard of counts as dead; default 2000 */
  lease?: number
  /**
   * told, with each renewal, until when (on the monotonic clock) this replica may act; whoever acts
   * for it must stop then
   */
  onLease?: (validUntil: number) => void
}
