import type { Change } from '#contract/app/app.ts'
import type { Environment, Line } from '#contract/environment/environment.ts'
import type { Deployment, RunDetail } from '#contract/run/run.ts'
import {
  asSentence,
  deploymentBadges,
  firstLine,
  isActive,
  isInProgress,
  type Badge,
  shortSha,
  type Tone,
} from '../ui/state.ts'

type LineRun = Line['runs'][number]

/** A change between two stations. `at` is its progress between them, from 0 to 1. */
export interface Token {
  key: string
  to: string
  change: Change
  badge: Badge
  since: string | null
  at: number
  /** the text of the tooltip */
  sentence: string
}

/** A problem of a line that needs attention, with the reason. */
export interface Note {
  key: string
  tone: Tone
  text: string
  to: string
  time: string | null
}

/** The station between the commit and the first environment. */
export interface StepsStation {
  badge: Badge
  run: LineRun | null
  /** the number of other runs whose steps are running */
  more: number
  since: string | null
  until: string | null
}

export interface Track {
  steps: StepsStation
  /** the changes before the steps, then those before each environment */
  tokens: Token[][]
  notes: Note[]
  summary: Badge
}

const progress: Partial<Record<Deployment['state'], number>> = {
  waiting: 0.1,
  starting: 0.45,
  verifying: 0.6,
  canary: 0.8,
  switching: 0.95,
}

const phrases: Partial<Record<Deployment['state'], (environment: string) => string>> = {
  waiting: (environment) => `is waiting for ${environment}`,
  canary: (environment) => `is a canary in ${environment}`,
}

/** The stations of a line, and the changes between them. */
export function trackOf(line: Line): Track {
  const steps = stepsStation(line)
  const queued = line.runs.filter((run) => run.state === 'queued').map(queuedToken)
  const tokens = [
    queued,
    ...line.environments.map((environment) => environmentTokens(line, environment)),
  ]
  const notes = notesOf(line, steps)
  return { steps, tokens, notes, summary: summaryOf(line, steps, tokens, notes) }
}

const isInSteps = (run: LineRun): boolean => run.state === 'running' && run.deployments.length === 0

function stepsStation(line: Line): StepsStation {
  const inSteps = line.runs.filter(isInSteps)
  const [running] = inSteps
  if (running) {
    const since = running.started ?? running.created
    return {
      badge: { tone: 'move', word: 'Running' },
      run: running,
      more: inSteps.length - 1,
      since,
      until: null,
    }
  }
  const run = line.runs.find((one) => one.started !== null)
  if (!run)
    return {
      badge: { tone: 'none', word: 'No runs yet' },
      run: null,
      more: 0,
      since: null,
      until: null,
    }
  const until = run.deployments.map((one) => one.created).sort()[0] ?? run.ended
  return { badge: stepsBadge(run), run, more: 0, since: run.started, until }
}

function stepsBadge(run: LineRun): Badge {
  if (run.artifact !== null || run.deployments.length > 0) return { tone: 'good', word: 'Passed' }
  if (run.state === 'suspended') return { tone: 'bad', word: 'Suspended' }
  if (run.state === 'failed') return { tone: 'bad', word: 'Failed' }
  if (run.state === 'superseded') return { tone: 'passed-over', word: 'Superseded' }
  if (run.state === 'skipped') return { tone: 'passed-over', word: 'Skipped' }
  return run.state === 'cancelled'
    ? { tone: 'stopped', word: 'Cancelled' }
    : { tone: 'good', word: 'Passed' }
}

function queuedToken(run: LineRun): Token {
  const reason = run.reason ? `: ${firstLine(run.reason)}` : ''
  return {
    key: `${run.app}/${run.id}`,
    to: `/runs/${run.id}`,
    change: run.change,
    badge: { tone: 'wait', word: 'Queued' },
    since: run.created,
    at: 0.3,
    sentence: `Run ${run.id}, “${run.change.subject}”, is queued${reason}`,
  }
}

function environmentTokens(line: Line, environment: Environment): Token[] {
  const moving = environment.pending.filter((one) => isInProgress(one.state)).map(deploymentToken)
  return [...moving, ...stoppedTokens(line, environment)].sort((a, b) => b.at - a.at)
}

function deploymentToken(deployment: Deployment): Token {
  const { id, app, run, change, state, environment } = deployment
  const badge = deploymentBadges[state]
  const what =
    deployment.kind === 'delivery'
      ? `“${change.subject}”`
      : `A ${deployment.kind} to ${shortSha(change.sha)}`
  const phrase = phrases[state]?.(environment) ?? `is ${badge.word.toLowerCase()} in ${environment}`
  return {
    key: run === null ? `${app}/deployment/${id}` : `${app}/${run}`,
    to: run === null ? `/apps/${app}/environments/${environment}` : `/runs/${run}`,
    change,
    badge,
    since: deployment.started ?? deployment.created,
    at: progress[state] ?? 0,
    sentence: `${what} ${phrase}${deployment.reason ? `: ${firstLine(deployment.reason)}` : ''}`,
  }
}

/** Changes that failed or were rolled back. They stay until a newer change is live. */
function stoppedTokens(line: Line, environment: Environment): Token[] {
  return stoppedAt(line, environment).map(({ run, deployment, isHeld }) => ({
    key: `${run.app}/${run.id}`,
    to: `/runs/${run.id}`,
    change: run.change,
    badge: isHeld ? { tone: 'back', word: 'Held' } : { tone: 'bad', word: 'Failed' },
    since: deployment.ended,
    at: 0.6,
    sentence: stoppedSentence(run, deployment, isHeld),
  }))
}

interface Stopped {
  run: LineRun
  deployment: Deployment
  isHeld: boolean
}

function stoppedAt(line: Line, environment: Environment): Stopped[] {
  const newest = line.runs.flatMap((run) =>
    run.deployments
      .filter((one) => one.environment === environment.name && one.kind === 'delivery')
      .map((deployment) => ({ run, deployment })),
  )
  const found = newest.flatMap(({ run, deployment }) => {
    const isHeld = environment.held.includes(run.change.sha) && deployment.state === 'rolled_back'
    const isFailed = deployment.state === 'failed' && deployment.id > (environment.current?.id ?? 0)
    return isHeld || isFailed ? [{ run, deployment, isHeld }] : []
  })
  // Once a newer change is live, the failure is history.
  const live = environment.current?.kind === 'delivery' ? (environment.current.run ?? 0) : 0
  return found
    .filter(
      ({ run }) =>
        run.id > live && !line.runs.some((other) => other.id > run.id && isActive(other.state)),
    )
    .slice(0, 1)
}

const stoppedSentence = (run: LineRun, deployment: Deployment, isHeld: boolean): string => {
  const reason = deployment.reason ? `: ${firstLine(deployment.reason)}` : ''
  const what = `“${run.change.subject}”`
  return isHeld
    ? `${what} was rolled back from ${deployment.environment} and is held${reason}`
    : `${what} failed in ${deployment.environment}${reason}`
}

function notesOf(line: Line, steps: StepsStation): Note[] {
  const app = line.app.name
  const notes: Note[] = []
  if (line.app.problem)
    notes.push({
      key: 'problem',
      tone: 'warn',
      text: asSentence(line.app.problem),
      to: `/apps/${app}`,
      time: null,
    })
  for (const environment of line.environments) {
    const to = `/apps/${app}/environments/${environment.name}`
    if (environment.health === 'unhealthy')
      notes.push({ key: to, tone: 'bad', text: unhealthySentence(environment), to, time: null })
    if (environment.health === 'unknown')
      notes.push({
        key: to,
        tone: 'unknown',
        text: `The state of ${environment.name} is unknown: its host does not respond.`,
        to,
        time: null,
      })
    if (environment.problem !== null)
      notes.push({
        ...{ key: `${to}/problem`, tone: 'warn', to, time: null },
        text: asSentence(`${environment.name}: ${environment.problem}`),
      })
    for (const stopped of stoppedAt(line, environment)) {
      const { run, deployment, isHeld } = stopped
      const text = `${stoppedSentence(run, deployment, isHeld)}.`
      notes.push({
        key: `stopped/${run.id}/${environment.name}`,
        tone: isHeld ? 'back' : 'bad',
        text,
        to: `/runs/${run.id}`,
        time: deployment.ended,
      })
    }
  }
  for (const { name } of line.formerEnvironments) {
    const to = `/apps/${app}/environments/${name}`
    const text = `${name} is no longer in fairlead.yaml, and still runs.`
    notes.push({ key: `${to}/former`, tone: 'warn', text, to, time: null })
  }
  const { run } = steps
  if (run && steps.badge.tone === 'bad') {
    const reason = run.reason ? `: ${firstLine(run.reason)}` : ''
    const what = run.state === 'suspended' ? 'is suspended' : 'failed'
    const text = `Run ${run.id}, “${run.change.subject}”, ${what}${reason}.`
    notes.push({ key: `run/${run.id}`, tone: 'bad', text, to: `/runs/${run.id}`, time: run.ended })
  }
  return notes
}

function unhealthySentence(environment: Environment): string {
  const unhealthy = environment.instances.filter((one) => one.state !== 'healthy' || one.isLooping)
  const [first] = unhealthy
  if (!first) return `${environment.name} is unhealthy.`
  const restarts = first.restarts > 0 ? `, restarted ${first.restarts} times` : ''
  const count = `${unhealthy.length} of ${environment.instances.length} instances`
  const state = first.isLooping ? 'crash loop' : first.state
  const example = `${first.service} ${first.index}: ${state}${restarts}`
  return `${environment.name} is unhealthy: ${count} (${example}).`
}

/** The most urgent state of a line. */
function summaryOf(line: Line, steps: StepsStation, tokens: Token[][], notes: Note[]): Badge {
  const count = (tone: Tone): number =>
    tokens.flat().filter((token) => token.badge.tone === tone).length
  const moving = count('move') + (steps.badge.tone === 'move' ? 1 + steps.more : 0)
  const waiting = count('wait')
  const worst = (['bad', 'back', 'unknown', 'warn'] as const).find((tone) =>
    notes.some((note) => note.tone === tone),
  )
  const named = (health: Environment['health']): string =>
    line.environments.find((one) => one.health === health)?.name ?? ''
  const held = line.environments.find((one) =>
    stoppedAt(line, one).some((stopped) => stopped.isHeld),
  )?.name
  const words = {
    bad: badWord(line, steps),
    back: `Held in ${held}`,
    unknown: `Unknown in ${named('unknown')}`,
    warn: 'Needs attention',
  }
  if (worst) return { tone: worst, word: words[worst] }
  if (moving > 0) {
    const inProgress = moving + waiting
    return { tone: 'move', word: inProgress === 1 ? 'In progress' : `${inProgress} in progress` }
  }
  // What waits, for a person or its turn, is not in progress.
  if (waiting > 0) return { tone: 'wait', word: waiting === 1 ? 'Waiting' : `${waiting} waiting` }
  if (line.environments.every((environment) => environment.health === 'empty'))
    return { tone: 'none', word: 'Nothing deployed' }
  return { tone: 'good', word: 'OK' }
}

function badWord(line: Line, steps: StepsStation): string {
  const unhealthy = line.environments.find((environment) => environment.health === 'unhealthy')
  if (unhealthy) return `Unhealthy in ${unhealthy.name}`
  if (steps.badge.word === 'Suspended') return 'Suspended'
  if (steps.badge.tone === 'bad') return 'Steps failed'
  const failed = line.environments.find((environment) => stoppedAt(line, environment).length > 0)
  return failed ? `Failed in ${failed.name}` : 'Failed'
}

/** The running steps, and how many are done. Null until the steps are known. */
export function stepsProgress(
  detail: RunDetail | undefined,
): { done: number; all: number; now: string } | null {
  // Verifications are steps, too, but belong to their environments.
  const steps = detail?.steps.filter((step) => !isVerification(step.name, detail)) ?? []
  if (steps.length === 0) return null
  const running = steps.filter((step) => step.state === 'running').map((step) => step.name)
  return {
    done: steps.filter((step) => step.state === 'passed').length,
    all: steps.length,
    now: running.join(', '),
  }
}

export const isVerification = (step: string, detail: Pick<RunDetail, 'deployments'>): boolean =>
  detail.deployments.some(({ environment }) => step === `verify-${environment}`)
