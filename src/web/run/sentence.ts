import type { RunDetail } from '#contract/run/run.ts'
import { isVerification } from '../line/track.ts'
import { asSentence, isInProgress } from '../ui/state.ts'

const list = (names: string[]): string =>
  names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`

/** Where a run is, and what comes next, in one sentence or two. */
export function runSentence(run: RunDetail): string {
  const where = run.deployments
    .filter(({ deployment }) => deployment?.live)
    .map(({ environment }) => environment)
  const reached = where.length > 0 ? ` It reached ${list(where)}.` : ''
  switch (run.state) {
    case 'queued':
      return run.reason ? asSentence(run.reason) : 'Waits for its turn.'
    case 'running':
      return run.reason ? asSentence(run.reason) : runningSentence(run)
    case 'succeeded':
      return where.length > 0 ? `It went through ${list(where)}.` : 'Every step passed.'
    case 'failed':
      return `${run.reason ? asSentence(run.reason) : 'It failed.'}${reached}`
    case 'superseded':
      return `${run.reason ? asSentence(run.reason) : 'A newer change took its place.'}${reached}`
    case 'skipped':
      return run.reason ? asSentence(run.reason) : 'It touches nothing of this app.'
    case 'cancelled':
      return `It was cancelled.${reached}`
  }
}

function runningSentence(run: RunDetail): string {
  const running = run.steps
    .filter((step) => step.state === 'running' && !isVerification(step.name, run))
    .map((step) => step.name)
  const ahead = run.deployments
    .filter(({ deployment }) => deployment === null)
    .map(({ environment }) => environment)
  const then = ahead.length > 0 ? ` Then ${list(ahead)}.` : ''
  if (running.length > 0) return `Running ${list(running)}.${then}`
  const moving = run.deployments.find(
    ({ deployment }) => deployment && isInProgress(deployment.state),
  )
  if (moving) return `On its way into ${moving.environment}.${then}`
  return `Between two stations.${then}`
}
