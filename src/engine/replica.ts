import type { AsyncLocalStorage } from 'node:async_hooks'
import { sqlState } from '#platform/postgres/postgres.ts'
import {
  cancel,
  createExecution,
  isBusy,
  lose,
  wait,
  type Execution,
  type ReplicaContext,
} from './execution.ts'
import type { EngineOptions } from './options.ts'
import {
  beat,
  claim,
  register,
  releaseWorkflows,
  retractCrashes,
  type Beat,
  type ClaimedWorkflow,
} from './records.ts'
import { run } from './run.ts'
import type { WorkflowDefinition } from './workflow.ts'

/**
 * A server that runs workflows, from its registration until it is closed or its lease expires.
 */
export interface Replica {
  notify(kind: string, subject: string): void
  close(): Promise<void>
}

type Settings = EngineOptions & { lease: number; shield: AsyncLocalStorage<boolean> }

/**
 * This replica considers its lease expired at this fraction of it, so that its work has stopped
 * before another replica may take over.
 */
const caution = 0.9

interface State {
  id: string
  settings: Settings
  context: ReplicaContext
  executions: Map<string, { execution: Execution; done: Promise<void> }>
  /** definitions whose claim is in progress; true when another claim must follow */
  claiming: Map<string, boolean>
  claims: number
  /** definitions that may have more queued workflows than the last claim had slots */
  backlog: Set<string>
  validUntil: number
  closed: AbortController
  onLost: () => void
}

/**
 * Registers the replica and starts to claim workflows. Throws when the database cannot be reached.
 * `former` are the names of the replicas of this process that lost their lease. `onLost` is called
 * at most once.
 */
export async function openReplica(
  settings: Settings,
  { id, former }: { id: string; former: string[] },
  onLost: () => void,
): Promise<Replica> {
  const { db, clock, lease, home } = settings
  const state: State = {
    id,
    settings,
    context: {
      ...settings,
      isLeaseValid: () => isValid(state),
      isClosed: () => state.closed.signal.aborted,
    },
    executions: new Map(),
    claiming: new Map(),
    claims: 0,
    backlog: new Set(),
    validUntil: 0,
    closed: new AbortController(),
    onLost,
  }
  const asked = clock.monotonic()
  await db.vital([register({ id, lease, former, home }), retractCrashes(former)])
  renew(state, asked)
  const beating = keepBeating(state)
  for (const definition of settings.definitions) claimSoon(state, definition)
  return {
    notify: (kind, subject) => handleNotification(state, kind, subject),
    close: () => close(state, beating),
  }
}

const isValid = (state: State): boolean => state.settings.clock.monotonic() < state.validUntil

function renew(state: State, asked: number): void {
  state.validUntil = asked + state.settings.lease * caution
  state.settings.onLease?.(state.validUntil)
}

/** Renews the lease until the replica is closed or has lost it. */
async function keepBeating(state: State): Promise<void> {
  const { clock, lease, log } = state.settings
  for (let pause = lease / 4; ;) {
    const isClosed = await wait(
      Math.max(1, Math.min(pause, state.validUntil - clock.monotonic())),
      state.closed.signal,
    ).then(
      () => false,
      () => true,
    )
    if (isClosed) return
    if (!isValid(state)) return loseLease(state, 'the lease expired')
    try {
      const answer = beatOnce(state)
      const expiry = wait(state.validUntil - clock.monotonic(), state.closed.signal)
      await Promise.race([answer, expiry])
      pause = lease / 4
    } catch (error) {
      if (sqlState(error) === 'FL003')
        return loseLease(state, 'another replica found the lease expired')
      if (!state.closed.signal.aborted)
        log.warn('the lease could not be renewed', { error: (error as Error).message })
      pause = lease / 20
    }
  }
}

async function beatOnce(state: State): Promise<void> {
  const { db, clock, lease, definitions } = state.settings
  const asked = clock.monotonic()
  const local = [...state.executions.values()].map(({ execution }) => execution)
  const claims = state.claiming.size > 0 ? null : state.claims
  const answer = await beat(
    db,
    state.id,
    lease,
    definitions.map((definition) => definition.name),
  )
  // An answer after the expiry must not revive the lease: executions may have stopped meanwhile, and
  // they would start again in the same epoch.
  if (state.closed.signal.aborted || !isValid(state)) return
  renew(state, asked)
  compare(state, local, answer, claims === state.claims && state.claiming.size === 0)
  for (const definition of definitions)
    if (answer.claimable.includes(definition.name)) claimSoon(state, definition)
}

/**
 * Compares the executions of this replica with the database: one that another replica owns stops,
 * and one that is missing here, because the answer to a claim was lost, starts.
 */
function compare(state: State, local: Execution[], answer: Beat, isExact: boolean): void {
  const mine = new Map(answer.mine.map((workflow) => [workflow.id, workflow]))
  for (const execution of local) {
    const row = mine.get(execution.id)
    if (row?.epoch === execution.epoch) {
      if (row.cancel && !execution.cancelled.signal.aborted) cancel(execution)
    } else if (!execution.isEnding && state.executions.get(execution.id)?.execution === execution)
      lose(execution)
  }
  if (!isExact) return
  const known = new Set(local.map((execution) => execution.id))
  for (const row of answer.mine) if (!known.has(row.id)) start(state, row)
}

/** Stops everything after the lease was lost, and calls `onLost`. */
function loseLease(state: State, reason: string): void {
  if (state.closed.signal.aborted) return
  state.settings.log.warn('this replica lost its lease; other replicas take over its workflows', {
    replica: state.id,
    reason,
  })
  state.validUntil = 0
  state.closed.abort()
  for (const { execution } of state.executions.values()) lose(execution)
  state.onLost()
}

function handleNotification(state: State, kind: string, subject: string): void {
  if (kind === 'queued') claimByName(state, subject)
  else if (kind === 'locked')
    for (const wake of state.executions.get(subject)?.execution.granted ?? []) wake()
  else if (kind === 'cancel') cancelHere(state, subject)
  else if (kind === 'again') {
    for (const { execution } of state.executions.values())
      for (const wake of execution.granted) wake()
    for (const definition of state.settings.definitions) claimSoon(state, definition)
  }
}

function cancelHere(state: State, id: string): void {
  const here = state.executions.get(id)
  if (here) cancel(here.execution)
  // A queued workflow is claimed even without a free slot, so that it can clean up.
  else for (const definition of state.settings.definitions) claimSoon(state, definition)
}

function claimByName(state: State, name: string): void {
  const definition = state.settings.definitions.find((candidate) => candidate.name === name)
  if (definition) claimSoon(state, definition)
}

/** Claims now, or once more after the claim that is in progress. */
function claimSoon(state: State, definition: WorkflowDefinition): void {
  if (state.closed.signal.aborted) return
  if (state.claiming.has(definition.name)) state.claiming.set(definition.name, true)
  else void claimNow(state, definition)
}

async function claimNow(state: State, definition: WorkflowDefinition): Promise<void> {
  const { name } = definition
  do {
    state.claiming.set(name, false)
    state.claims += 1
    try {
      const slots = freeSlots(state, definition)
      state.backlog.add(name)
      const rows = await claim(state.settings.db, state.id, definition, slots)
      if (rows.length < slots) state.backlog.delete(name)
      for (const row of rows) start(state, row)
    } catch (error) {
      // The next heartbeat finds workflows that are left to claim, and a lost lease.
      if (!state.closed.signal.aborted)
        state.settings.log.warn('a claim failed', { name, error: (error as Error).message })
    }
  } while (state.claiming.get(name) === true && !state.closed.signal.aborted)
  state.claiming.delete(name)
}

function freeSlots(state: State, definition: WorkflowDefinition): number {
  const busy = [...state.executions.values()].filter(
    ({ execution }) => execution.definition === definition && isBusy(execution),
  )
  return Math.max(0, definition.concurrency - busy.length)
}

function start(state: State, workflow: ClaimedWorkflow): void {
  const definition = state.settings.definitions.find(
    (candidate) => candidate.name === workflow.name,
  )
  if (!definition || state.closed.signal.aborted) return
  const changed = (): void => {
    const hasFreed = !isBusy(execution) || !state.executions.has(workflow.id)
    if (hasFreed && state.backlog.has(definition.name)) claimSoon(state, definition)
  }
  const execution = createExecution(workflow, definition, state.context, changed)
  const done = run(execution).then(() => {
    if (state.executions.get(workflow.id)?.execution === execution)
      state.executions.delete(workflow.id)
    changed()
  })
  state.executions.set(workflow.id, { execution, done })
}

/** Stops all executions, waits for them for half a lease, and releases the rest. */
async function close(state: State, beating: Promise<void>): Promise<void> {
  if (state.closed.signal.aborted) return
  state.closed.abort()
  const running = [...state.executions.values()]
  for (const { execution } of running) lose(execution)
  const timer = new AbortController()
  await Promise.race([
    Promise.all(running.map(({ done }) => done)),
    wait(state.settings.lease / 2, timer.signal).catch(() => undefined),
  ])
  timer.abort()
  await beating
  await state.settings.db.vital([releaseWorkflows(state.id)]).catch((error: Error) =>
    state.settings.log.warn('the workflows could not be released; their lease expires by itself', {
      error: error.message,
    }),
  )
}
