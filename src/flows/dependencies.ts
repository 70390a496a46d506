import type { Checkouts } from '#domains/source/checkouts.ts'
import type { SecretBox } from '#platform/secret/secret-box.ts'
import type { MachinePorts } from '#domains/deployment/ports.ts'
import type { Targets } from '#domains/deployment/open-targets.ts'
import type { Clock } from '#platform/clock.ts'
import type { Runner } from '#platform/process/command.ts'
import type { Home } from '#platform/home.ts'
import type { Isolation } from '#platform/process/isolation.ts'
import type { Slots } from './step/slots.ts'
import type { Logger } from '#platform/log.ts'
import type { SshSettings } from '#platform/ssh/ssh.ts'
import type { Database } from '#platform/postgres/postgres.ts'

/** Everything that a flow acts on; the server builds it once. */
export interface Dependencies {
  db: Database
  clock: Clock
  log: Logger
  home: Home
  source: Checkouts
  runner: Runner
  targets: Targets
  ports: MachinePorts
  secrets: SecretBox
  /** public address of this installation */
  publicUrl: string
  /** address of the status page; null when it is not served */
  statusPage: string | null
  /** host names that Fairlead itself uses at the edge */
  edgeHosts: string[]
  /** megabytes free on the disk of the installation, and the floor below which new work waits */
  disk(): Promise<{ free: number; floor: number }>
  /**
   * how long a release must stay up, at least, before the former one is stopped, in milliseconds;
   * the settling times of services derive from it
   */
  settleMs: number
  /** bytes that caches of steps may use */
  cacheBudget: number
  /** bytes that measurements may use in the database */
  signalBudget: number
  /** bytes that the details of errors may use in the database */
  errorBudget: number
  /** limit of the steps that run at the same time */
  slots: Slots
  /** PATH of steps and services */
  path: string
  /** secrets of external sources */
  references: {
    /** returns the problem with a reference in one sentence, or null */
    problem(reference: string): string | null
    /** reads a value for an app; throws when it cannot be read or the app may not read it */
    read(app: string, reference: string): Promise<string>
  }
  /** requests to addresses that the users of an app choose, such as that of a forge */
  egress: {
    fetch: typeof fetch
    /** returns why such an address is not permitted in one sentence, or null */
    problem(address: string): Promise<string | null>
  }
  /** isolation of steps and services from the machine and each other */
  isolation: Isolation
  /** how SSH reaches hosts on other machines */
  ssh: SshSettings
  /** host name of this machine, which selects `hosts` of an environment */
  hostName: string
  /** variables that name tools, certificates and proxies of this machine; never credentials */
  machine: Record<string, string>
}
