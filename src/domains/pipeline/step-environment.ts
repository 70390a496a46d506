export interface StepFacts {
  app: string
  run: number | string
  sha: string
  step: string
  /** the branch, when it is known */
  branch?: string
  /** number of the pull request whose head is tested */
  pullRequest?: number
  path: string
  /** a folder for caches such as `~/.npm`, separate from the home of the server's user */
  home: string
  /** the name of the user that runs the step; null when the system has none */
  user: string | null
  /** variables for the tools, certificates and proxies of this machine; `extra` overrides them */
  machine?: Record<string, string>
  /** variables of the file, parameters and secrets; FAIRLEAD_* cannot be overridden */
  extra: Record<string, string>
}

/** The complete environment of a step; it inherits no variable of the server. */
export function stepEnvironment(facts: StepFacts): Record<string, string> {
  return {
    ...facts.machine,
    PATH: facts.path,
    HOME: facts.home,
    ...(facts.user === null ? {} : { USER: facts.user, LOGNAME: facts.user }),
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
