import type {
  Exposition,
  Fence,
  HostInstance,
  HostRelease,
  HostRoute,
  Observations,
} from '#contract/host/host.ts'

/** Names a release on a target. */
export interface ReleaseReference {
  app: string
  environment: string
  release: number
}

/** What a target says of a release. `missing` when it does not know it. */
export interface ReleaseReport {
  state: 'starting' | 'ready' | 'failed' | 'stopping' | 'stopped' | 'missing'
  reason: string | null
  /** has the traffic */
  routed: boolean
  /** where an instance of the service with traffic answers, past the edge; null for workers */
  address: string | null
  instances: HostInstance[]
}

/**
 * What any target must do. Every method is safe to repeat, carries a fence where it changes
 * something, and refuses a lower epoch of the same deployment than it has seen. Adding a target is
 * one file in `targets/`.
 */
export interface Target {
  kind: string
  title: string
  /** Puts a release in place and starts its instances; answers when that is under way. */
  start(release: HostRelease): Promise<void>
  /** Waits until the release is no longer `starting`, at most `waitMs`. */
  report(reference: ReleaseReference, waitMs: number): Promise<ReleaseReport>
  /** Gives the traffic to a release that is ready, and a share of it to a canary that is. */
  route(environment: Pick<ReleaseReference, 'app' | 'environment'>, route: HostRoute): Promise<void>
  /** What was counted of a canary since that place; waits for more, at most `waitMs`. */
  observations(reference: ReleaseReference, after: number, waitMs: number): Promise<Observations>
  /** What each instance says of the metrics of those names, at a path of its own or in its file. */
  expositions(reference: ReleaseReference, path: string, names: string[]): Promise<Exposition[]>
  /** Drains and stops the instances; the release can be started again. */
  stop(reference: ReleaseReference, fence: Fence): Promise<void>
  /** Stops it and forgets it. */
  remove(reference: ReleaseReference, fence: Fence): Promise<void>
  /** All of which it has something. */
  environments(): Promise<Pick<ReleaseReference, 'app' | 'environment'>[]>
  /** Stops and forgets everything of an environment. */
  removeEnvironment(app: string, environment: string): Promise<void>
  /** The last lines that the services wrote. */
  log(
    reference: ReleaseReference,
    service: string | undefined,
    lines: number,
  ): Promise<{ service: string; index: number; text: string }[]>
}
