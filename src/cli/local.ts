import type { Evidence } from '#contract/evidence/evidence.ts'
import type { HostSwitch, HostSwitchRequest } from '#contract/host/switches.ts'
import type { HostFault } from '#contract/experiment/fault.ts'
import type { Role } from '#contract/endpoint.ts'
import type { PlanAnswer, PlanQuestion } from '#contract/verdict/plan.ts'

/**
 * Services of this machine. The composition root (`src/main.ts`) provides them, so that the CLI
 * depends on the contract only.
 */
export interface Local {
  version: string
  /**
   * The server of FAIRLEAD_URL and FAIRLEAD_TOKEN, otherwise the one that runs in FAIRLEAD_HOME;
   * null when there is none.
   */
  connection(): Promise<Connection | null>
  /** Starts a server in the background for FAIRLEAD_HOME and waits until it answers. */
  startServer(): Promise<Connection>
  /** Runs a server in the foreground until SIGTERM; resolves with the exit code. */
  server(options: { sample: boolean }): Promise<number>
  host(options: { upgrade: boolean }): Promise<number>
  runner(): Promise<number>
  /** Serves a folder on $PORT. */
  static(folder: string): Promise<number>
  /** Stops the server of FAIRLEAD_HOME and, with `host`, the host and its services. */
  stop(options: { host: boolean }): Promise<void>
  /** Reads and checks the fairlead.yaml of a folder, or the nearest one above it. */
  check(folder: string): Promise<CheckResult>
  /** Proposes a fairlead.yaml for a folder; `found` lists what it is based on. Writes nothing. */
  init(folder: string): Promise<{ file: string; exists: boolean; text: string; found: string[] }>
  /** Proposes a fairlead.yaml for the file of another tool in a folder. Writes nothing. */
  import(
    kind: string,
    folder: string,
  ): Promise<{ file: string; exists: boolean; text: string; found: string[] }>
  /** Runs the steps of the fairlead.yaml of a folder or of the nearest one above it. */
  run(
    folder: string,
    options: { steps: string[]; signal: AbortSignal },
    report: (message: RunMessage) => void,
  ): Promise<{ passed: boolean }>
  /**
   * Estimates how a canary goes with this traffic and the fairlead.yaml of a folder, or with the
   * defaults when there is none.
   */
  planCanary(
    folder: string,
    environment: string | undefined,
    traffic: Pick<PlanQuestion, 'perSecond' | 'errorRate'>,
  ): Promise<PlanAnswer>
  /**
   * Verifies statements about an artifact offline. Returns the problem of each, or null where it
   * holds. Throws a FairleadError when a key is not an Ed25519 public key in PEM.
   */
  verifyEvidence(
    evidence: Evidence[],
    digest: string,
    keys: PublicKey[],
  ): Promise<(string | null)[]>
  backup(file: string): Promise<{ bytes: number; rows: number }>
  restore(file: string): Promise<{ rows: number }>
  /** Creates a one-time sign-in link on the machine itself, for emergencies. */
  link(wanted: { name: string; role?: Role }): Promise<string>
  /**
   * The switches of the host of this machine, for when no server answers; null when FAIRLEAD_URL
   * names a server elsewhere.
   */
  hostSwitches(): HostSwitchControl | null
  /** The faults of the host of this machine, read and undone without host and server. */
  faults: {
    list(): Promise<HostFault[]>
    /**
     * Undoes faults with these ids, or all. Resolves when they are undone, or after 30 seconds.
     */
    undo(ids: string[] | null): Promise<HostFault[]>
  }
  /** Experiments of the Chaos Toolkit, which run on this machine. */
  chaos: {
    /** Reads and checks a file; returns the title of its experiment. */
    check(file: string): Promise<string>
    /** Runs a file, and writes its journal. The signal interrupts it; its rollbacks run. */
    run(file: string, options: { journal: string; signal: AbortSignal }): Promise<ChaosResult>
  }
  /** Checks this installation and lists the results. */
  doctor(): Promise<DoctorLine[]>
  /**
   * The git repository that contains a folder. `folder` is where the app's fairlead.yaml is,
   * relative to `top`: the given folder or the nearest one above it that has one, else the top.
   * `isClean` ignores what steps declare that they write, and the files that `fairlead run` left
   * untracked. Throws a FairleadError when there is no repository.
   */
  repository(folder: string): Promise<LocalRepository>
  /** Commits the fairlead.yaml of the repository, and nothing else. */
  commitFile(repository: LocalRepository): Promise<void>
}

/** Throws a FairleadError with the code `unavailable` when no host runs. */
export interface HostSwitchControl {
  list(app: string, environment: string): Promise<HostSwitch[]>
  change(place: SwitchPlace, request: HostSwitchRequest): Promise<void>
}

export interface SwitchPlace {
  app: string
  environment: string
  name: string
}

export interface LocalRepository {
  top: string
  folder: string
  name: string
  branch: string
  head: string
  isClean: boolean
  /** whether HEAD contains the fairlead.yaml */
  isFileCommitted: boolean
}

/** A public key in PEM; `id` is its name in error messages. */
export interface PublicKey {
  id: string
  pem: string
  revoked?: { at: string; reason: string } | null
}

export interface Connection {
  url: string
  token: string
}

export interface CheckResult {
  file: string
  problems: { line: number; column: number; problem: string; hint: string }[]
  /** patterns that match no file; a sentence each */
  warnings: string[]
  /** A summary of the file in a few lines: steps in order, services, environments. */
  summary: string[]
  /** The name of the app in the file. */
  app: string | null
}

export type RunMessage =
  | {
      kind: 'step'
      name: string
      state: 'running' | 'passed' | 'failed' | 'cancelled' | 'skipped'
      seconds: number | null
      reason: string | null
    }
  | { kind: 'line'; step: string; stream: 'out' | 'err' | 'fairlead'; text: string }

/** How an experiment of the Chaos Toolkit ended. */
export interface ChaosResult {
  title: string
  status: 'completed' | 'failed' | 'interrupted'
  /** the steady state did not hold during the method or after it */
  deviated: boolean
  /** the path of the journal */
  journal: string
  /** what failed or was out of its tolerance */
  problems: string[]
}

export interface DoctorLine {
  what: string
  state: 'ok' | 'warning' | 'problem' | 'unknown'
  detail: string
}
