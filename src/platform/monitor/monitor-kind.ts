import type { LookupFunction } from 'node:net'
import type { z } from 'zod'
import type { CheckState } from '#contract/monitor/check.ts'

/** What one check found. */
export interface Finding {
  state: CheckState
  /** one sentence without its full stop; empty when it is up */
  reason: string
  /** what breaks the rule; at most 100 are kept */
  entities?: string[]
  /** nothing answered: perhaps the prober itself is cut off */
  isCutOff?: boolean
}

/** What a check on a host may use. */
export interface HostIo {
  /** aborts when the time of the check is over */
  signal: AbortSignal
  /** resolves a name to the addresses that are permitted */
  lookup: LookupFunction
  /** returns why an address is refused, or null */
  refusal(address: string): string | null
  /** how the environment is reached through the edge of this machine */
  edge: { port: number; host: string }
  /** a variable or secret of the service */
  variable(name: string): string | undefined
  /** runs a command of `sh` in the release that has the traffic, isolated as its services */
  run(command: string): Promise<CommandEnd>
  /** the lines that the service has written since the check before */
  newLines(): string[]
}

export interface CommandEnd {
  /** null when it was killed or could not be started */
  code: number | null
  /** lines with secrets masked */
  output: string[]
}

/** A series of measurements; null for unknown. */
export interface Measured {
  labels: Record<string, string>
  values: (number | null)[]
}

/** The calls of a heartbeat. Times are in milliseconds since 1970. */
export interface Beats {
  /** when the monitor was created */
  created: number
  started: number | null
  ended: number | null
  /** of the last one that ended */
  isFailed: boolean
  message: string
}

/** What a check on the server may use. */
export interface ServerIo {
  signal: AbortSignal
  now(): number
  /** measurements of the service by the name of a signal */
  measured(selector: string, seconds: number): Promise<Measured[]>
  /** asks a Prometheus */
  query(url: string, query: string): Promise<{ labels: Record<string, string>; value: number }[]>
  beats(): Promise<Beats | null>
}

/** A kind of monitor: one file of the folder `kinds`. */
export interface MonitorKind<S extends z.ZodType = z.ZodType> {
  kind: string
  title: string
  /** refuses unknown settings */
  settings: S
  example: z.input<S>
  /** the default interval in milliseconds */
  every: number
  /** the default number of failed checks before it is down */
  failures: number
  /** Checks from the host, which survives the server. */
  onHost?(settings: z.output<S>, io: HostIo): Promise<Finding>
  /**
   * Why a host that does not run the environment cannot check it, or null when it can. Without
   * this, no such host can.
   */
  elsewhere?(settings: z.output<S>): string | null
  /** Checks from the server, on what it has stored. */
  onServer?(settings: z.output<S>, io: ServerIo): Promise<Finding>
  /** It reads what somebody reports; no answer says nothing about what is reported. */
  isReport?: boolean
  /** for a kind that can do both; default: the host when it has `onHost` */
  isOnServer?(settings: z.output<S>): boolean
}

export const defineMonitorKind = <S extends z.ZodType>(kind: MonitorKind<S>): MonitorKind<S> => kind

export const up: Finding = { state: 'up', reason: '' }
export const down = (reason: string): Finding => ({ state: 'down', reason })

/** Whether the settings of a monitor are checked by the server. */
export const isOnServer = (kind: MonitorKind, settings: unknown): boolean =>
  kind.isOnServer ? kind.isOnServer(settings) : kind.onHost === undefined
