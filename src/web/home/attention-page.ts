import type { Attention } from '#contract/home/home.ts'

/** The page on what needs a person. */
export function pageOf({ kind, app, environment, run, deployment, incident }: Attention): string {
  const ofEnvironment = `/apps/${app}/environments/${environment}`
  switch (kind) {
    case 'canary_undecided':
      return deployment === null ? ofEnvironment : `/deployments/${deployment}/canary`
    case 'approval':
    case 'run_suspended':
    case 'production_failed':
    case 'run_failed':
    case 'environment_failed':
      return run === null ? ofEnvironment : `/runs/${run}`
    case 'action_overdue':
      return `/incidents/${incident}/review`
    case 'fork':
      return `/apps/${app}/pull-requests`
    case 'repository':
      return `/apps/${app}/settings`
    case 'production_down':
    case 'production_unknown':
    case 'environment_down':
    case 'environment_unknown':
    case 'address':
    case 'would_not_return':
    case 'drift':
    case 'environment_left':
    case 'switch_pulled':
    case 'switch_expired':
      return ofEnvironment
  }
}
