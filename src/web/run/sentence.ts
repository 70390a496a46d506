import type { RunDetail } from '#contract/run/run.ts'
import { isVerification } from '../line/track.ts'
import { asSentence, isInProgress } from '../ui/state.ts'

const list = (names: string[]): string =>
  names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`

/** The state of a run and what comes next, in one or two sentences. */
export function runSentence(run: RunDetail): string {
  const where = run.deployments
    .filter(({ deployment }) => deployment?.live)
    .map(({ environment }) => environment)
  const reached = where.length > 0 ? ` It reached ${list(where)}.` : ''
  switch (run.state) {
    case 'queued':
      return run.reason ? asSentence(run.reason) : 'Waiting to start.'
    case 'running':
      return waitingSentence(run) ?? (run.reason ? asSentence(run.reason) : runningSentence(run))
    case 'suspended':
      return `${asSentence(run.reason ?? 'the server crashed')} Continue or cancel it.${reached}`
    case 'succeeded':
      return where.length > 0 ? `Deployed to ${list(where)}.` : 'All steps passed.'
    case 'failed':
      return `${run.reason ? asSentence(run.reason) : 'The run failed.'}${reached}`
    case 'superseded':
      return `${run.reason ? asSentence(run.reason) : 'A newer change replaced it.'}${reached}`
    case 'skipped':
      return run.reason ? asSentence(run.reason) : 'It does not change this app.'
    case 'cancelled':
      return `The run was cancelled.${reached}`
  }
}

/** The reason of a wait is beside the decisions that end it. */
function waitingSentence({ deployments }: RunDetail): string | null {
  const waiting = deployments.find(({ deployment }) => deployment?.state === 'waiting')
  return waiting ? `Waiting to be deployed to ${waiting.environment}.` : null
}

function runningSentence(run: RunDetail): string {
  const running = run.steps
    .filter((step) => step.state === 'running' && !isVerification(step.name, run))
    .map((step) => step.name)
  const ahead = run.deployments
    .filter(({ deployment }) => deployment === null)
    .map(({ environment }) => environment)
  const then = ahead.length > 0 ? ` Next: ${list(ahead)}.` : ''
  if (running.length > 0) return `Running ${list(running)}.${then}`
  const moving = run.deployments.find(
    ({ deployment }) => deployment && isInProgress(deployment.state),
  )
  if (moving) return `Deploying to ${moving.environment}.${then}`
  return `Preparing the next stage.${then}`
}
