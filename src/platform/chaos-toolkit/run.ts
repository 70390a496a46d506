import { hostname, release, type } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { judge, type Place, runProvider } from './activity.ts'
import type { Activity, ReadExperiment } from './experiment.ts'
import { readValues, substitute } from './substitute.ts'

/** The version of the library whose journals these are like; its reports read it. */
const formatVersion = '1.44.0'
/** Milliseconds between two looks at the steady state during the method. */
const lookMs = 2000

/** An activity as the journals of the Chaos Toolkit have it. */
interface ActivityRun {
  activity: unknown
  output: unknown
  status: 'succeeded' | 'failed'
  start: string
  end: string
  duration: number
  tolerance_met?: boolean
  exception?: string[]
}
interface SteadyState {
  steady_state_met: boolean
  probes: ActivityRun[]
}

/** What `chaos report` of the Chaos Toolkit reads. */
export interface Journal {
  'chaoslib-version': string
  platform: string
  node: string
  experiment: Record<string, unknown>
  start: string
  end: string
  duration: number
  status: 'completed' | 'failed' | 'interrupted'
  deviated: boolean
  steady_states: { before: SteadyState | null; after: SteadyState | null; during: SteadyState[] }
  run: ActivityRun[]
  rollbacks: ActivityRun[]
}

export interface RunOptions {
  env: Readonly<Record<string, string | undefined>>
  cwd: string
  now(): number
  /** Interrupts the experiment; the rollbacks run all the same. */
  signal: AbortSignal
}

/**
 * Runs an experiment of the Chaos Toolkit. The rollbacks always run once the method has begun, and
 * the steady state is checked before the method, during it and after the rollbacks. A steady state
 * that deviates ends the method.
 */
export async function runExperiment(
  experiment: ReadExperiment,
  options: RunOptions,
): Promise<Journal> {
  const { env, cwd, now, signal } = options
  const configuration = readValues(experiment.configuration, env)
  const secrets = Object.fromEntries(
    Object.entries(experiment.secrets).map(([group, values]) => [group, readValues(values, env)]),
  )
  const placeOf = (until: AbortSignal): Place => {
    return { configuration, secrets, env, cwd, signal: until }
  }
  const journal = emptyJournal(experiment, options)
  const states = journal.steady_states
  const look = (until: AbortSignal) => checkState(experiment, placeOf(until), now)
  states.before = await look(signal)
  if (states.before?.steady_state_met !== false && !signal.aborted) {
    const deviation = new AbortController()
    const ending = AbortSignal.any([signal, deviation.signal])
    const over = new AbortController()
    const watched = watch(look, states.during, AbortSignal.any([ending, over.signal]), () =>
      deviation.abort(),
    )
    journal.run = await runAll(experiment.method, placeOf(ending), now)
    over.abort()
    await watched
    // Nothing interrupts the way back.
    const never = new AbortController().signal
    journal.rollbacks = await runAll(experiment.rollbacks, placeOf(never), now)
    states.after = await look(never)
    journal.deviated = deviation.signal.aborted || states.after?.steady_state_met === false
  }
  const looks = [states.before, states.after].flatMap((state) => state?.probes ?? [])
  const isFailed =
    states.before?.steady_state_met === false || looks.some(({ status }) => status === 'failed')
  journal.status = signal.aborted ? 'interrupted' : isFailed ? 'failed' : 'completed'
  const end = now()
  return { ...journal, end: iso(end), duration: (end - Date.parse(journal.start)) / 1000 }
}

function emptyJournal({ source }: ReadExperiment, { now }: RunOptions): Journal {
  const start = iso(now())
  return {
    'chaoslib-version': formatVersion,
    ...{ platform: `${type()} ${release()}`, node: hostname() },
    ...{ experiment: source, start, end: start, duration: 0, status: 'completed' },
    ...{ deviated: false, run: [], rollbacks: [] },
    steady_states: { before: null, after: null, during: [] },
  }
}

const iso = (ms: number): string => new Date(ms).toISOString()

/** Checks the hypothesis until the signal; calls back when it does not hold. */
async function watch(
  look: (until: AbortSignal) => Promise<SteadyState | null>,
  states: SteadyState[],
  until: AbortSignal,
  deviated: () => void,
): Promise<void> {
  while (await pause(lookMs, until)) {
    const state = await look(until)
    if (state === null || until.aborted) return
    states.push(state)
    if (!state.steady_state_met) return deviated()
  }
}

/** False when the signal ended the pause. */
const pause = (ms: number, signal: AbortSignal): Promise<boolean> =>
  sleep(ms, true, { signal }).catch(() => false)

/** The state of the hypothesis; null when there is none. */
async function checkState(
  { hypothesis }: ReadExperiment,
  place: Place,
  now: () => number,
): Promise<SteadyState | null> {
  if (!hypothesis) return null
  const probes: ActivityRun[] = []
  for (const probe of hypothesis.probes) {
    const found = await runOne(probe, place, now)
    probes.push(found)
    if (found.tolerance_met !== true) return { steady_state_met: false, probes }
  }
  return { steady_state_met: true, probes }
}

/** Runs activities in order; those in the background run beside the later ones. */
async function runAll(
  activities: readonly Activity[],
  place: Place,
  now: () => number,
): Promise<ActivityRun[]> {
  const runs: Promise<ActivityRun>[] = []
  for (const activity of activities) {
    if (place.signal.aborted) break
    const run = runOne(activity, place, now)
    runs.push(run)
    if (!activity.background) await run
  }
  return Promise.all(runs)
}

async function runOne(activity: Activity, place: Place, now: () => number): Promise<ActivityRun> {
  const pauses = substitute(activity.pauses ?? {}, place.configuration) as Record<string, unknown>
  await pauseFor(pauses['before'], place)
  const start = now()
  const outcome = await tryOne(activity, place)
  const end = now()
  await pauseFor(pauses['after'], place)
  const times = { start: iso(start), end: iso(end), duration: (end - start) / 1000 }
  return { activity, ...times, ...outcome }
}

async function pauseFor(seconds: unknown, { signal }: Place): Promise<void> {
  if (Number(seconds) > 0) await pause(Number(seconds) * 1000, signal)
}

async function tryOne(
  { provider, tolerance }: Activity,
  place: Place,
): Promise<Pick<ActivityRun, 'output' | 'status' | 'tolerance_met' | 'exception'>> {
  let output: unknown = null
  try {
    output = await runProvider(provider, place)
    if (tolerance === undefined) return { output, status: 'succeeded' }
    return { output, status: 'succeeded', tolerance_met: await judge(tolerance, output, place) }
  } catch (error) {
    const exception = [(error as Error).message]
    const met = tolerance === undefined ? {} : { tolerance_met: false }
    return { output, status: 'failed', exception, ...met }
  }
}
