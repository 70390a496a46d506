import type { Checkouts } from '#domains/source/checkouts.ts'
import type { SecretBox } from '#platform/secret/secret-box.ts'
import type { Targets } from '#domains/deployment/open-targets.ts'
import type { Clock } from '#platform/clock.ts'
import type { Runner } from '#platform/process/command.ts'
import type { Home } from '#platform/home.ts'
import type { Isolation } from '#platform/process/isolation.ts'
import type { Logger } from '#platform/log.ts'
import type { Database } from '#platform/postgres/postgres.ts'

/** Everything a flow acts on, given once by the server. */
export interface Dependencies {
  db: Database
  clock: Clock
  log: Logger
  home: Home
  source: Checkouts
  runner: Runner
  targets: Targets
  secrets: SecretBox
  /** the address of this installation, as others know it */
  publicUrl: string
  /** megabytes free where the installation is, and the floor below which new work waits */
  disk(): Promise<{ free: number; floor: number }>
  /** bytes that what steps keep between runs may take */
  cacheBudget: number
  /** the PATH that steps and services get */
  path: string
  /** secrets that are kept elsewhere */
  references: {
    /** what is wrong with where one is said to be, in words */
    problem(reference: string): string | null
    read(reference: string): Promise<string>
  }
  /** what keeps steps from what is not theirs */
  isolation: Isolation
  /** where this machine's tools, certificates and proxies are; never a credential */
  machine: Record<string, string>
}
