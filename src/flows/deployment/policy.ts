import type { Deployment } from '#contract/run/run.ts'
import {
  admitConfiguration,
  admitDelivery,
  type Admission,
  type Situation,
} from '#domains/deployment/deployment.ts'

/** How a kind of deployment proceeds. */
export interface DeploymentPolicy {
  kind: Deployment['kind']
  /** position in the queue for the lock of the environment, the highest first */
  rank: number
  /** whether it waits for approvals and for the end of freezes */
  needsPermission: boolean
  /** Decides, once the deployment has the lock, whether it may begin. */
  admit(situation: Situation): Admission
  /**
   * `in_force`: the release gets the newest configuration that is in force; `own`: it brings the
   * version it was planned with, which is then in force; `recorded`: it keeps that version
   */
  configuration: 'in_force' | 'own' | 'recorded'
  /** whether `verify` runs before the switch */
  isVerified: boolean
  /** whether `strategy: canary` applies */
  mayBeCanary: boolean
  /** whether a harmful canary holds its change */
  holdsHarmfulChange: boolean
  /** how the deployment ends that had the traffic before */
  former: { state: 'replaced' | 'rolled_back'; reason: string | null }
  /** whether the release is watched after the switch */
  isWatched: boolean
  /** whether the release settles before the switch, because nothing is rolled back after it */
  settlesFirst: boolean
  /** what happens to the release when the deployment fails */
  onFailure: 'remove' | 'stop'
}

/** A change on its way through the environments. */
export const deliveryPolicy = (run: number, needsPermission: boolean): DeploymentPolicy => ({
  kind: 'delivery',
  rank: run,
  needsPermission,
  admit: (situation) => admitDelivery(run, situation),
  configuration: 'in_force',
  isVerified: true,
  mayBeCanary: true,
  holdsHarmfulChange: true,
  former: { state: 'replaced', reason: null },
  isWatched: true,
  settlesFirst: false,
  onFailure: 'remove',
})

/** The head of a pull request in an environment of its own. */
export const previewPolicy = (run: number): DeploymentPolicy => ({
  ...deliveryPolicy(run, false),
  admit: () => ({ go: true }),
  configuration: 'recorded',
  isVerified: false,
  mayBeCanary: false,
  isWatched: false,
  settlesFirst: true,
})

/** A changed configuration with the artifact that is live. */
export const configurationPolicy = (
  release: { run: number; configuration: number },
  needsPermission: boolean,
): DeploymentPolicy => ({
  ...deliveryPolicy(release.run, needsPermission),
  kind: 'configuration',
  admit: (situation) => admitConfiguration(release, situation),
  configuration: 'own',
  holdsHarmfulChange: false,
})

/** A rollback goes before every other deployment that waits for the environment. */
const rankOfRollback = 1e12

/**
 * The return to an earlier release, which was verified when it was deployed. `from` is the
 * deployment that is rolled back.
 */
export const rollbackPolicy = (rollback: {
  deployment: number
  from: number
  reason: string
}): DeploymentPolicy => ({
  kind: 'rollback',
  rank: rankOfRollback + rollback.deployment,
  needsPermission: false,
  admit: ({ live }) =>
    live?.id === rollback.from
      ? { go: true }
      : { go: false, state: 'superseded', reason: 'another deployment has the traffic now' },
  configuration: 'recorded',
  isVerified: false,
  mayBeCanary: false,
  holdsHarmfulChange: false,
  former: { state: 'rolled_back', reason: rollback.reason },
  isWatched: false,
  settlesFirst: false,
  onFailure: 'stop',
})
