import type { Evidence } from '#contract/evidence/evidence.ts'
import type { Role } from '#contract/endpoint.ts'
import type { PlanAnswer, PlanQuestion } from '#contract/verdict/verdict.ts'

/**
 * What the CLI needs of this machine rather than of the server. The composition root
 * (`src/main.ts`) gives it, so that the CLI itself sees only the contract.
 */
export interface Local {
  version: string
  /**
   * the server of FAIRLEAD_URL and FAIRLEAD_TOKEN, else the one that runs in FAIRLEAD_HOME; null
   * when there is none
   */
  connection(): Promise<Connection | null>
  /** starts a server in the background for FAIRLEAD_HOME and waits until it answers */
  startServer(): Promise<Connection>
  /** runs a server here, in the foreground, until SIGTERM; resolves with the exit code */
  server(options: { sample: boolean }): Promise<number>
  host(options: { upgrade: boolean }): Promise<number>
  runner(): Promise<number>
  /** serves a folder on $PORT */
  static(folder: string): Promise<number>
  /** stops the server of FAIRLEAD_HOME, and with `host` also the host and what it runs */
  stop(options: { host: boolean }): Promise<void>
  /** reads and checks the fairlead.yaml of a folder; `file` may not exist */
  check(folder: string): Promise<CheckResult>
  /**
   * what fairlead.yaml should say for this folder, and what led to it, one sentence each; writes
   * nothing
   */
  init(folder: string): Promise<{ file: string; exists: boolean; text: string; found: string[] }>
  /** runs the steps of fairlead.yaml here */
  run(
    folder: string,
    options: { steps: string[]; signal: AbortSignal },
    report: (message: RunMessage) => void,
  ): Promise<{ passed: boolean }>
  /** how long a canary takes with that traffic */
  planCanary(question: PlanQuestion): Promise<PlanAnswer>
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
  /** a one-time sign-in link, made on the machine itself: the break-glass way in */
  link(wanted: { name: string; role?: Role }): Promise<string>
  /** what is wrong with this installation, and what was looked at */
  doctor(): Promise<DoctorLine[]>
  /**
   * the top of the git repository that a folder is in, its name, branch and head; throws a
   * FairleadError when there is none
   */
  repository(
    folder: string,
  ): Promise<{ top: string; name: string; branch: string; head: string; clean: boolean }>
}

/** A public key in PEM; `id` is its name in error messages. */
export interface PublicKey {
  id: string
  pem: string
}

export interface Connection {
  url: string
  token: string
}

export interface CheckResult {
  file: string
  problems: { line: number; column: number; problem: string; hint: string }[]
  /** a few lines that say what the file means: steps in order, services, environments */
  summary: string[]
  /** the app's name as the file gives it */
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

export interface DoctorLine {
  what: string
  state: 'ok' | 'warning' | 'problem' | 'unknown'
  detail: string
}
