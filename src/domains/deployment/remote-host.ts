import type { Fence } from '#contract/host/fence.ts'
import type { HostClient } from '#platform/process/host-client.ts'

/** Where a host on another machine is. */
export interface RemotePlace {
  /** in the URLs of its environments */
  address: string
  /** port of its edge, which routes by host name */
  edgePort: number
  /** the OCI image layout of the artifacts there */
  artifacts: string
}

/** A host on another machine. */
export interface RemoteHost {
  /** every call throws `unavailable` while there is no connection */
  client: HostClient
  /** as it is known now; null when there is no such host */
  place(): RemotePlace | null
  /** milliseconds since its connection was lost; null while it is connected */
  awayMs(): number | null
  /** whether it gets no release, because a person drained it */
  isDrained(): boolean
  /** looks again when the host is not known */
  find(): Promise<RemotePlace | null>
  /** forwards a port of 127.0.0.1 here to an address there, and returns it */
  forward(to: string): Promise<number>
}

/** Whether one of several hosts is there. */
export interface AskedHost {
  name: string
  /** milliseconds since its connection was lost; null for one that answers */
  awayMs: number | null
  isDrained: boolean
}

/** What a target on several hosts does beyond acting as one. */
export interface SeveralHosts<Target> {
  names: string[]
  /** the first one that is not drained: it runs what runs once */
  first: string
  /** how long one may be away before deployments go on without it, in milliseconds */
  patienceMs: number
  /** asks each */
  ask(): Promise<AskedHost[]>
  /** the same target on some of its hosts */
  on(names: string[]): Target
}

/** How many counts of a canary were read, by host; `''` for a target with one. */
export type CountPlace = Record<string, number>

/**
 * Stops services that never run twice at once, because another target is to run them; resolves when
 * they are dead. They run again after a `start` of their release.
 */
export type StopServices = (
  environment: { app: string; environment: string },
  services: string[],
  fence: Fence,
) => Promise<void>
