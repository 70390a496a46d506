import type { Client } from '#contract/client.ts'
import type { RunDetail } from '#contract/run/run.ts'
import { createPaint, cut, stripControlCodes, type Paint, state, took } from './format.ts'
import type { Context } from './context.ts'
import { untilAnswered } from './until-answered.ts'

interface Item {
  name: string
  state: string
  started: string | null
  ended: string | null
  reason: string | null
}

/**
 * The items of the progress view in order: steps, then environments. Verifications are part of
 * their environment.
 */
export function itemsOf(run: RunDetail): Item[] {
  const steps = run.steps.filter((step) => !step.name.startsWith('verify-'))
  return [
    ...steps.map((step) => ({
      name: step.name,
      state: step.state,
      started: step.started,
      ended: step.ended,
      reason: step.reason,
    })),
    ...run.deployments.map(({ environment, deployment }) => ({
      name: environment,
      state: deployment?.state ?? 'waiting',
      started: deployment?.started ?? null,
      ended: deployment?.live ?? deployment?.ended ?? null,
      reason: deployment?.reason ?? null,
    })),
  ]
}

/**
 * Follows a run until it ends or is suspended: a redrawn view on a terminal, otherwise one line per
 * change. Waits for a server that does not answer for a while. Null after Ctrl-C.
 */
export async function followRun(
  context: Context,
  client: Client,
  id: number,
): Promise<RunDetail | null> {
  const paint = createPaint(context.isLively())
  const seen = new Map<string, string>()
  let drawn = 0
  for (let pause = 40; !context.signal.aborted; pause = Math.min(pause * 1.3, 500)) {
    const get = () => client.getRun({ params: { run: id } })
    const run = await untilAnswered(context, get, () => (drawn = 0))
    if (run === null) return null
    if (context.isLively()) drawn = draw(context, paint, run, drawn)
    else if (!context.isJson()) for (const line of news(context, run, seen)) context.print(line)
    if (run.ended !== null || run.state === 'suspended') return run
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
  return null
}

function draw(context: Context, paint: Paint, run: RunDetail, drawn: number): number {
  const columns = context.stdout.columns ?? 80
  const items = fitting(itemsOf(run), (context.stdout.rows ?? 24) - 1)
  const lines = items.map((item) =>
    typeof item === 'string' ? paint.dim(`  ${item}`) : lineOf(context, paint, item, columns),
  )
  const up = drawn > 0 ? `\u001b[${drawn}A` : ''
  // `J` clears the lines of a former view that was longer.
  context.stdout.write(`${up}\u001b[J${lines.map((line) => `${line}\n`).join('')}`)
  return lines.length
}

function lineOf(context: Context, paint: Paint, item: Item, columns: number): string {
  const time = took(item.started, item.ended, context.now())
  return (
    cut(`  ${item.name.padEnd(14)} `, 18) +
    state(item.state, paint) +
    (time === '' ? '' : paint.dim(`  ${time}`)) +
    (item.state === 'failed' && item.reason
      ? `  ${cut(stripControlCodes(item.reason), Math.max(10, columns - 50))}`
      : '')
  )
}

const quiet = ['waiting', 'passed', 'live', 'skipped']

/**
 * The items that fit into `rows` lines: the cursor cannot return to a line that has left the
 * screen. Hides passed and waiting items first, and then says how many are hidden.
 */
export function fitting<T extends { state: string }>(items: T[], rows: number): (T | string)[] {
  if (items.length <= rows) return items
  const room = Math.max(1, rows - 1)
  const kept = new Set(
    items
      .toSorted((a, b) => Number(quiet.includes(a.state)) - Number(quiet.includes(b.state)))
      .slice(0, room),
  )
  const count = (name: string): number => items.filter((one) => one.state === name).length
  return [
    `${items.length - room} more: ${count('passed')} passed, ${count('waiting')} waiting in all`,
    ...items.filter((item) => kept.has(item)),
  ]
}

/** One plain line for each item with a new state. */
function news(context: Context, run: RunDetail, seen: Map<string, string>): string[] {
  const at = new Date(context.now()).toTimeString().slice(0, 8)
  return itemsOf(run).flatMap((item) => {
    if (item.state === 'waiting' || seen.get(item.name) === item.state) return []
    seen.set(item.name, item.state)
    const time =
      item.started && item.ended ? ` in ${took(item.started, item.ended, context.now())}` : ''
    return [
      `[${at}] ${item.name} ${item.state.replace('_', ' ')}${time}${item.reason ? `: ${item.reason}` : ''}`,
    ]
  })
}
