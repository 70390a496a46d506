export interface StepFacts {
  app: string
  run: number | string
  sha: string
  step: string
  /** the branch that is delivered, when it is known */
  branch?: string
  /** the number of the one whose head it tries */
  pullRequest?: number
  path: string
  /** a folder for caches (`~/.npm`, `~/.m2`) that has nothing of the server's user in it */
  home: string
  /** where this machine's tools, certificates and proxies are; what the file sets wins */
  machine?: Record<string, string>
  extra: Record<string, string>
}

/**
 * The whole environment of a step: nothing of the server's own reaches it. What the file sets wins,
 * but not over FAIRLEAD_*.
 */
export function stepEnvironment(facts: StepFacts): Record<string, string> {
  return {
    ...facts.machine,
    PATH: facts.path,
    HOME: facts.home,
    LANG: 'C.UTF-8',
    TERM: 'dumb',
    TMPDIR: '/tmp',
    CI: 'true',
    ...facts.extra,
    FAIRLEAD: 'true',
    FAIRLEAD_APP: facts.app,
    FAIRLEAD_RUN: String(facts.run),
    FAIRLEAD_STEP: facts.step,
    FAIRLEAD_COMMIT: facts.sha,
    ...(facts.pullRequest === undefined
      ? {}
      : { FAIRLEAD_PULL_REQUEST: String(facts.pullRequest) }),
    ...(facts.branch === undefined ? {} : { FAIRLEAD_BRANCH: facts.branch }),
  }
}
