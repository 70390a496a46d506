import type { FileCoverage, Finding, ReportSummary, TestResult } from '#contract/report/report.ts'
import { count, number } from '../arguments.ts'
import { createPaint, type Paint, state, table } from '../format.ts'
import { ranges } from '../ranges.ts'
import type { Register } from '../register.ts'
import { type Context, exitCodes } from '../context.ts'

export const register: Register = (program, context) => {
  program
    .command('tests')
    .argument('<run>', 'number of the run', number)
    .option('--limit <n>', 'number of entries', count, 20)
    .option('--failed', 'only failed tests')
    .description(
      'list the tests of a run: newly failing first, then failing, then the slowest; ' +
        'exits with 1 when one failed',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  $ fairlead tests 12\n  $ fairlead tests 12 --failed --limit 100',
    )
    .action((run: number, options: { limit: number; failed?: boolean }) =>
      tests(context, run, options),
    )
  program
    .command('coverage')
    .argument('<run>', 'number of the run', number)
    .description('show line coverage of a run and the changed lines that no test reached')
    .addHelpText('after', '\nExamples:\n  $ fairlead coverage 12')
    .action((run: number) => coverage(context, run))
  program
    .command('findings')
    .argument('<run>', 'number of the run', number)
    .description('list the findings of a run, new ones first')
    .addHelpText('after', '\nExamples:\n  $ fairlead findings 12')
    .action((run: number) => findings(context, run))
}

async function tests(
  context: Context,
  run: number,
  options: { limit: number; failed?: boolean },
): Promise<void> {
  const { client } = await context.connect()
  const { tests: summary } = await client.getReport({ params: { run } })
  const page = await client.listTests({ params: { run }, query: { limit: options.limit } })
  const shown = page.tests.filter(({ outcome }) => !options.failed || isBad(outcome))
  if (summary && summary.failed + summary.errored > 0) context.exit(exitCodes.no)
  const paint = createPaint(context.isLively())
  context.answer({ summary, tests: shown, next: page.next }, () =>
    summary === null
      ? ['No step of this run has a test report; declare reports with `reports:` in fairlead.yaml']
      : [
          sentenceOf(summary),
          ...table(
            shown.map((test) => row(test, paint)),
            context.stdout.columns ?? 120,
          ),
          ...reasons(shown, paint),
        ],
  )
}

const isBad = (outcome: TestResult['outcome']): boolean =>
  outcome === 'failed' || outcome === 'errored'

function sentenceOf(summary: NonNullable<ReportSummary['tests']>): string {
  const { total, passed, failed, errored, skipped, broken, seconds } = summary
  const bad = failed + errored
  const fresh = broken > 0 ? ` (${broken} that did not before)` : ''
  return `${total} tests: ${passed} passed, ${bad} failed${fresh}, ${skipped} skipped; ${seconds.toFixed(1)} s in all`
}

function row({ outcome, before, seconds, suite, name, flaky }: TestResult, paint: Paint): string[] {
  const isNew = isBad(outcome) && (before === null || !isBad(before))
  const notes = [
    isNew ? 'new' : '',
    flaky.commits > 0 ? `flaky in ${flaky.commits} of ${flaky.of} commits` : '',
  ].filter(Boolean)
  return [
    state(outcome, paint),
    notes.length === 0 ? '' : paint.busy(notes.join(', ')),
    seconds === null ? '' : `${seconds.toFixed(2)} s`,
    suite === '' ? name : `${suite} › ${name}`,
  ]
}

/** The first lines of each failure. */
const reasons = (shown: TestResult[], paint: Paint): string[] =>
  shown
    .filter(({ message }) => message !== null)
    .slice(0, 5)
    .flatMap(({ name, message }) => [
      '',
      paint.bold(name),
      ...(message ?? '')
        .split('\n')
        .slice(0, 6)
        .map((line) => `  ${line}`),
    ])

const percent = ({ covered, lines }: { covered: number; lines: number }): string =>
  lines === 0 ? 'no line' : `${((covered / lines) * 100).toFixed(1)} % of ${lines}`

async function coverage(context: Context, run: number): Promise<void> {
  const { client } = await context.connect()
  const { coverage: sums } = await client.getReport({ params: { run } })
  const { files } = await client.listCoverage({ params: { run } })
  context.answer({ coverage: sums, files }, () =>
    sums === null
      ? [
          'No step of this run has a coverage report; declare reports with `reports:` in fairlead.yaml',
        ]
      : [
          `lines reached ${percent(sums.total)}; of those that this change touched ${sums.changed === null ? 'unknown' : percent(sums.changed)}`,
          ...table(files.slice(0, 50).map(fileRow), context.stdout.columns ?? 120),
        ],
  )
}

function fileRow({ file, changed, ...all }: FileCoverage): string[] {
  const missed =
    changed && changed.missed.length > 0 ? `missed of the change: ${ranges(changed.missed)}` : ''
  return [file, percent(all), missed]
}

async function findings(context: Context, run: number): Promise<void> {
  const { client } = await context.connect()
  const { findings: found } = await client.listFindings({ params: { run } })
  const paint = createPaint(context.isLively())
  const rowOf = ({ level, isNew, file, line, tool, rule, message }: Finding): string[] => [
    level === 'error' ? paint.bad(level) : level,
    isNew ? paint.busy('new') : '',
    file === null ? '' : `${file}${line === null ? '' : `:${line}`}`,
    `${tool} ${rule}`,
    message.split('\n')[0] ?? '',
  ]
  context.answer({ findings: found }, () =>
    found.length === 0
      ? ['This run has no findings, or no findings report']
      : table(found.map(rowOf), context.stdout.columns ?? 120),
  )
}
