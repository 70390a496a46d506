import type { CommandEnd } from '#contract/job/host.ts'
import type { MachineResult } from '#contract/machine/machine.ts'
import { batchesOf, listedMachines } from '#domains/machine/batches.ts'
import { lockNames } from '#domains/machine/inventory.ts'
import { addLine, noProgress, type Progress } from '#domains/machine/output.ts'
import {
  type BatchEnd,
  haltedBecause,
  isDone,
  judgeBatch,
  mergeMachines,
} from '#domains/machine/rules.ts'
import * as store from '#domains/machine/store.ts'
import {
  Broken,
  Cancelled,
  Failed,
  type StepContext,
  type WorkflowContext,
} from '#engine/workflow.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { recordCheck } from './check.ts'
import { runScript, stopScript } from './script-run.ts'
import type { MachineAction } from '#domains/machine/script.ts'
import type { MachineWork } from './work.ts'

/** Milliseconds between two times at which the progress is stored. */
const storeEvery = 500

/** How a run ended. */
interface RunEnd {
  state: BatchEnd['state']
  reason: string | null
}

/**
 * Applies the playbook of a run whose row is stored, batch after batch, until one fails. Returns
 * why the machines are not as declared, or null. `rank` is that of the locks of the machines.
 */
export const applyMachines = (
  ctx: WorkflowContext,
  deps: Dependencies,
  work: MachineWork,
  rank: number,
): Promise<string | null> =>
  carryOut(ctx, deps, work, async () => {
    const listed = await listMachines(ctx, deps, work)
    if (listed.problem !== null) return { state: 'failed', reason: listed.problem }
    const names = work.only ?? listed.names
    const locks = lockNames(names, work.settings.hosts)
    for (const lock of locks) await ctx.lock(lock, rank)
    let end: RunEnd = { state: 'passed', reason: null }
    let known: MachineResult[] = []
    const batches = work.only ? [work.only] : (batchesOf(names, work.settings.batches) ?? [null])
    for (const [i, only] of batches.entries()) {
      const batch = await ctx.step(`machines ${work.id}.${i}`, (step) =>
        runBatch(deps, step, work, { command: i + 1, names, known, only }),
      )
      known = batch.machines
      end = batch
      if (end.state !== 'passed') break
    }
    if (end.state === 'passed' && !work.only)
      await ctx.step(`machines ${work.id}.forget`, async (step) => {
        step.write(store.forgetMachines(work, names))
        return null
      })
    else end = { ...end, reason: haltedBecause(end.reason, known) }
    for (const lock of locks) await ctx.unlock(lock)
    return end
  })

/** Finds what the playbook of a run would change; a check stores it as drift. */
export const planMachines = (
  ctx: WorkflowContext,
  deps: Dependencies,
  work: MachineWork,
): Promise<string | null> =>
  carryOut(ctx, deps, work, () =>
    ctx.step(`machines ${work.id}.plan`, (step) =>
      runBatch(deps, step, work, { command: 0, names: [], known: [], only: null }),
    ),
  )

/** Runs a body and stores its end, also when it is cancelled or breaks. */
async function carryOut(
  ctx: WorkflowContext,
  deps: Dependencies,
  work: MachineWork,
  body: () => Promise<RunEnd>,
): Promise<string | null> {
  try {
    const end = await body()
    await ctx.step(`machines ${work.id}.end`, (step) => recordEnd(deps, step, work, end))
    return end.state === 'passed' ? null : (end.reason ?? end.state)
  } catch (error) {
    if (error instanceof Cancelled)
      await ctx.uncancelled(() =>
        ctx.step(`machines ${work.id}.end`, (step) => stop(deps, step, work)),
      )
    if (!(error instanceof Broken || error instanceof Failed)) throw error
    const end: RunEnd = { state: 'failed', reason: error.message }
    await ctx.step(`machines ${work.id}.end`, (step) => recordEnd(deps, step, work, end))
    return error.message
  }
}

interface Listed {
  names: string[]
  problem: string | null
}

/** The machines of a run. Without batches, nothing needs to know which of them a play names. */
async function listMachines(
  ctx: WorkflowContext,
  deps: Dependencies,
  work: MachineWork,
): Promise<Listed> {
  const { hosts, groups, batches, inventory } = work.settings
  if (work.only) return { names: work.only, problem: null }
  if (hosts === undefined || inventory !== undefined || batches.length > 0)
    return ctx.step(`machines ${work.id}.list`, (step) => list(deps, step, work))
  const isWanted = (of: string[]): boolean =>
    groups.length === 0 || groups.some((group) => of.includes(group))
  const wanted = Object.entries(hosts).filter(([, one]) => isWanted(one.groups))
  return { names: wanted.map(([name]) => name), problem: null }
}

/** The machines that the playbook names. */
async function list(deps: Dependencies, step: StepContext, work: MachineWork): Promise<Listed> {
  await begin(step, work, 0)
  const lines: string[] = []
  const end = await runScript(deps, step, work, 0, { kind: 'list' }, async (more) => {
    lines.push(...more)
  })
  const names = listedMachines(lines, Object.keys(work.settings.hosts ?? {}))
  const wrong = end.kind === 'exited' && end.exit === 0 ? null : failureOf(end, lines, work)
  if (wrong !== null) return { names, problem: wrong }
  const problem = names.length === 0 ? 'the playbook names no machine of the inventory' : null
  step.write(store.setMachineProgress(work.id, progressOf(mergeMachines(names, []), noProgress())))
  return { names, problem }
}

function failureOf(end: CommandEnd, lines: string[], work: MachineWork): string | null {
  const progress = noProgress()
  for (const line of lines) addLine(progress, line)
  return judgeBatch(end, progress, work.settings).reason
}

const begin = async (step: StepContext, work: MachineWork, command: number): Promise<void> => {
  step.write(store.beginCommand(work.id, command + 1))
  await step.flush()
}

interface Batch {
  command: number
  /** all machines of the run */
  names: string[]
  /** what earlier batches did */
  known: MachineResult[]
  /** null for all machines */
  only: string[] | null
}

async function runBatch(
  deps: Dependencies,
  step: StepContext,
  work: MachineWork,
  { command, names, known, only }: Batch,
): Promise<RunEnd & { machines: MachineResult[] }> {
  const stored = await store.getMachineRun(deps.db, work.app, work.id)
  if (stored?.stopping)
    return { state: 'stopped', reason: 'it was stopped', machines: mergeMachines(names, known) }
  await begin(step, work, command)
  // A step that is repeated reads its output from the beginning.
  const earlier = changesOf(stored, only === null ? null : new Set(known.map(({ name }) => name)))
  const progress: Progress = { ...noProgress(), ...earlier }
  const merged = (now: Iterable<MachineResult>): MachineResult[] => {
    const current = (only ?? names).map((name) => mergeMachines([name], [])[0]!)
    const running = current.map((one) => ({ ...one, state: 'running' as const }))
    const byName = new Map([...known, ...running, ...now].map((one) => [one.name, one]))
    return mergeMachines(names, [...byName.values()])
  }
  const action: MachineAction =
    work.mode === 'apply' ? { kind: 'apply', only: only ?? null } : { kind: 'plan' }
  let storedAt = 0
  const end = await runScript(deps, step, work, command, action, async (lines) => {
    for (const line of lines) addLine(progress, line)
    if (performance.now() < storedAt + storeEvery) return
    storedAt = performance.now()
    step.write(
      store.setMachineProgress(work.id, progressOf(merged(progress.machines.values()), progress)),
    )
    await step.flush()
  })
  // A check says what it knows of the machines that answer.
  const rules = work.mode === 'check' ? ({ unreachable: 'continue' } as const) : {}
  const batch = judgeBatch(end, progress, { ...work.settings, ...rules })
  // Declared machines that no play names.
  const isOther = ({ state }: MachineResult): boolean => only === null && state === 'running'
  const machines = merged(batch.machines)
    .filter((one) => !(progress.isComplete && isOther(one)))
    .map((one) => (one.state === 'running' ? { ...one, state: 'unknown' as const } : one))
  step.write(store.setMachineProgress(work.id, progressOf(machines, progress)))
  if (work.mode === 'apply')
    for (const write of store.saveMachines(work, batch.machines)) step.write(write)
  const { state, reason } = batch
  return { state, reason, machines }
}

/** The changes of earlier batches. */
function changesOf(
  stored: store.StoredMachineRun | null,
  before: Set<string> | null,
): Pick<Progress, 'changes' | 'total'> {
  if (stored === null || before === null) return { changes: [], total: 0 }
  const changes = stored.changes.filter(({ machine }) => before.has(machine))
  const total = stored.machines
    .filter(({ name }) => before.has(name))
    .reduce((sum, { changed }) => sum + changed, 0)
  return { changes, total }
}

const progressOf = (
  machines: MachineResult[],
  { changes, total }: Pick<Progress, 'changes' | 'total'>,
): store.MachineProgress => ({ machines, changes, total })

async function recordEnd(
  deps: Dependencies,
  step: StepContext,
  work: MachineWork,
  { state, reason }: RunEnd,
): Promise<null> {
  const { id, app, environment, mode, release } = work
  const stored = await store.getMachineRun(deps.db, app, id)
  const machines = stored?.machines ?? []
  const problem = work.mode === 'check' && stored ? await recordCheck(deps, step, stored) : null
  step.write(store.endMachineRun(id, problem === null ? { state, reason } : problem))
  if (work.isScheduled) return null
  step.emit({
    type: 'dev.cdeventsx.fairlead-machines.finished',
    ...{ subject: `machine-run/${id}`, app },
    data: {
      ...{ environment, mode, release, state, reason, changes: stored?.total ?? 0 },
      done: machines.filter(isDone).map(({ name }) => name),
      bad: machines
        .filter((one) => one.state === 'failed' || one.state === 'unreachable')
        .map(({ name }) => name),
    },
  })
  return null
}

/** Ends a run that was cancelled: no command of it goes on, or begins later. */
async function stop(deps: Dependencies, step: StepContext, work: MachineWork): Promise<null> {
  const stored = await store.getMachineRun(deps.db, work.app, work.id)
  const last = Math.max(0, (stored?.commands ?? 0) - 1)
  await stopScript(deps, step, work, last)
  const machines = (stored?.machines ?? []).map((one) =>
    one.state === 'running' ? { ...one, state: 'unknown' as const } : one,
  )
  const changes = { changes: stored?.changes ?? [], total: stored?.total ?? 0 }
  step.write(store.setMachineProgress(work.id, progressOf(machines, changes)))
  return recordEnd(deps, step, work, { state: 'stopped', reason: 'the deployment was cancelled' })
}
