import type { StepContext, WorkflowContext, WorkflowDefinition } from '#engine/workflow.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'

/**
 * What the harness runs. `target` is something outside: it applies each key once and refuses an
 * epoch lower than the highest it has seen of a workflow. `blind` is one that can do neither.
 * `journal` is written with the ends of steps.
 */
export const tables: Statement[] = [
  sql`create table target (workflow text, key text primary key, epoch int)`,
  sql`create table target_epoch (workflow text primary key, epoch int)`,
  sql`create table blind (key text)`,
  sql`create table journal (id bigint generated always as identity, workflow text, step text, part text)`,
  sql`create function apply_effect(_workflow text, _key text, _epoch int) returns void language plpgsql as $$
    begin
      insert into target_epoch as t values (_workflow, _epoch) on conflict (workflow) do update set epoch = greatest(t.epoch, _epoch);
      if (select epoch from target_epoch where workflow = _workflow) > _epoch then raise exception 'stale epoch %', _epoch; end if;
      insert into target values (_workflow, _key, _epoch) on conflict do nothing;
    end $$`,
]

/** Calls back at each place where a process may die or freeze. */
export type Boundary = (label: string) => void

/** `at` may also hold an effect up. */
export function scenario(
  outside: Database,
  at: (label: string) => void | Promise<void>,
): WorkflowDefinition[] {
  const effect = async (step: StepContext): Promise<void> => {
    await at(`before effect ${step.key}`)
    const workflow = step.key.slice(0, step.key.indexOf('/'))
    await outside.query(sql`select apply_effect(${workflow}, ${step.key}, ${step.epoch})`)
    await outside.query(sql`insert into blind values (${step.key})`)
    await at(`after effect ${step.key}`)
  }
  const note = (ctx: WorkflowContext, step: StepContext, name: string, part: string): void => {
    step.write(sql`insert into journal (workflow, step, part) values (${ctx.id}, ${name}, ${part})`)
    step.emit({
      type: 'dev.cdevents.taskrun.finished',
      subject: `${step.key}/${part}`,
      data: { name: part, attempt: 1, outcome: 'success' },
    })
  }
  const one = (ctx: WorkflowContext, name: string): Promise<string> =>
    ctx.step(name, async (step) => {
      await effect(step)
      note(ctx, step, name, 'end')
      return name
    })

  const main = async (ctx: WorkflowContext): Promise<string[]> => {
    await ctx.lock('environment', 2)
    const first = await one(ctx, 'first')
    const both = await Promise.all([one(ctx, 'left'), one(ctx, 'right')])
    await ctx.step('flushing', async (step) => {
      note(ctx, step, 'flushing', 'begin')
      await step.flush()
      await effect(step)
      note(ctx, step, 'flushing', 'end')
      step.start({ id: 'child', name: 'child', chain: ctx.chain, input: null })
    })
    await ctx.sleep('a moment', 280)
    await ctx.unlock('environment')
    return [first, ...both, await one(ctx, 'last')]
  }
  const rival = async (ctx: WorkflowContext): Promise<string> => {
    await ctx.lock('environment', 1)
    return one(ctx, 'only')
  }
  const child = (ctx: WorkflowContext): Promise<string> => one(ctx, 'only')
  return [
    { name: 'main', version: 1, concurrency: 5, run: main },
    { name: 'rival', version: 1, concurrency: 5, run: rival },
    { name: 'child', version: 1, concurrency: 5, run: child },
  ]
}

/** Every effect of the scenario, and how often the steps that flush may note a part. */
export const keys = [
  'main/first',
  'main/left',
  'main/right',
  'main/flushing',
  'main/last',
  'rival/only',
  'child/only',
]

export const names: [string, string][] = [
  ['main', 'main'],
  ['rival', 'rival'],
]

/** The database as the engine sees it, with a boundary before, during and after each call. */
export function observed(db: Database, at: Boundary): Database {
  const counts = new Map<string, number>()
  const around =
    <A, R>(call: (input: A) => Promise<R>, name: (input: A) => string | null) =>
    async (input: A): Promise<R> => {
      const label = name(input)
      if (label === null) return call(input)
      const count = (counts.get(label) ?? 0) + 1
      counts.set(label, count)
      if (count > 2) return call(input)
      at(`before ${label} ${count}`)
      const answer = call(input)
      setImmediate(() => at(`during ${label} ${count}`))
      const value = await answer
      at(`after ${label} ${count}`)
      return value
    }
  return {
    ...db,
    query: around((statement: Statement) => db.query(statement), labelOf) as Database['query'],
    batch: around(
      (statements: readonly Statement[]) => db.batch(statements),
      (statements) => labelOf(statements[0]),
    ),
    vital: around(
      (statements: readonly Statement[]) => db.vital(statements),
      (statements) => labelOf(statements[0]),
    ),
  }
}

/** The engine's function with the workflow and step it is about; null for what only reads. */
function labelOf(statement: Statement | undefined): string | null {
  const text = statement?.text ?? ''
  const name = text.includes('register_replica')
    ? 'register'
    : (/(\w+)\(\$1/.exec(text)?.[1] ?? null)
  if (name === null || statement === undefined) return null
  if (name === 'claim_workflows') return `${name} ${String(statement.values[1])}`
  if (name === 'beat' || name === 'register') return name
  const step = typeof statement.values[2] === 'string' ? `/${statement.values[2]}` : ''
  return `${name} ${String(statement.values[0])}${step}`
}
