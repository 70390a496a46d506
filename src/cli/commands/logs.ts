import { stripVTControlCharacters } from 'node:util'
import type { LogLine } from '#contract/run/run.ts'
import { createPaint, describeOutput, stripControlCodes } from '../format.ts'
import { count, number } from '../arguments.ts'
import type { Register } from '../register.ts'
import type { Context } from '../context.ts'
import { untilAnswered } from '../until-answered.ts'

export const register: Register = (program, context) => {
  program
    .command('logs')
    .argument('<run>', 'number of the run', number)
    .argument('[step]', 'name of the step; default: the failed step, or the last one that ran')
    .option('-f, --follow', 'follow the log until the step ends')
    .option('--attempt <n>', 'number of the attempt; default: the last', number)
    .description('print the log of a step')
    .addHelpText('after', '\nExamples:\n  $ fairlead logs 12\n  $ fairlead logs 12 test --follow')
    .action(
      (run: number, step: string | undefined, options: { follow?: boolean; attempt?: number }) =>
        logs(context, run, step, options),
    )
  program
    .command('output')
    .argument('<app>', 'name of the app')
    .argument('<environment>', 'name of the environment')
    .option('--service <service>', 'only this service')
    .option('--lines <n>', 'number of lines of each instance', count, 100)
    .option('--deployment <deployment>', 'of this deployment; default: the live one', number)
    .description(
      'print the last output of the services of an environment, and of its last failed deployment',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  $ fairlead output shop production --service worker\n' +
        '  $ fairlead output shop production --deployment 12',
    )
    .action(
      async (
        app: string,
        environment: string,
        options: { service?: string; lines: number; deployment?: number },
      ) => {
        const { client } = await context.connect()
        const answer = await client.getServiceLog({ params: { app, environment }, query: options })
        const paint = createPaint(context.isLively())
        const { failed } = answer
        context.answer(answer, () => [
          ...describeOutput(answer, paint),
          ...(failed
            ? [
                paint.bad(`Deployment ${failed.deployment} failed: ${failed.reason ?? ''}`),
                ...describeOutput(failed, paint),
              ]
            : []),
          ...(answer.lines.length === 0 && !failed ? ['There is no output here'] : []),
        ])
      },
    )
}

async function logs(
  context: Context,
  run: number,
  wanted: string | undefined,
  options: { follow?: boolean; attempt?: number },
): Promise<void> {
  const { client } = await context.connect()
  const ask = <T>(request: () => Promise<T>): Promise<T | null> =>
    options.follow === true ? untilAnswered(context, request) : request()
  const name = wanted ?? (await ask(() => defaultStep(context, run)))
  if (name === null)
    return context.answer({ lines: [] }, () => ['No step of this run has started yet'])
  const params = { run, step: name }
  let print = createPrinter(context)
  let after = 0
  let attempt = options.attempt ?? 0
  while (!context.signal.aborted) {
    const query = { after, limit: 5000, ...(attempt > 0 ? { attempt } : {}) }
    const page = await ask(() => client.getLog({ params, query }))
    if (page === null) return
    if (attempt === 0) attempt = page.attempt
    for (const line of page.lines) print.line(line)
    const isNew = page.next > after
    after = page.next
    if (!isNew && (page.complete || options.follow !== true)) {
      const next =
        options.follow === true && options.attempt === undefined
          ? ((await ask(() => client.getLog({ params, query: { limit: 1 } })))?.attempt ?? attempt)
          : attempt
      print.end()
      if (next <= attempt) return
      // The next attempt of a repeated step has its own log.
      attempt = next
      after = 0
      print = createPrinter(context)
    } else if (!isNew) await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

interface Printer {
  /** Prints a line, or what an open line has gained. */
  line(line: LogLine): void
  /** Ends an open line. */
  end(): void
}

function createPrinter(context: Context): Printer {
  let last = 0
  let open: LogLine | null = null
  let written = ''
  const end = (): void => {
    if (open !== null) context.print(context.isJson() ? JSON.stringify(open) : '')
    open = null
    written = ''
  }
  const write = (line: LogLine): void => {
    const text = stripControlCodes(
      context.isLively() ? line.text : stripVTControlCharacters(line.text),
    )
    context.stdout.write(text.slice(written.length) + (line.open ? '' : '\n'))
    written = line.open ? text : ''
  }
  return {
    end,
    line: (line) => {
      if (open !== null && open.n !== line.n) end()
      if (context.isJson()) {
        if (line.open === undefined) context.print(JSON.stringify(line))
      } else {
        if (line.n > last + 1) context.print(`… ${line.n - last - 1} lines are missing …`)
        write(line)
      }
      last = line.n
      open = line.open ? line : null
    },
  }
}

async function defaultStep(context: Context, id: number): Promise<string | null> {
  const { client } = await context.connect()
  const { steps } = await client.getRun({ params: { run: id } })
  const begun = steps.filter((step) => step.attempt > 0)
  return (begun.find((step) => step.state === 'failed') ?? begun.at(-1))?.name ?? null
}
