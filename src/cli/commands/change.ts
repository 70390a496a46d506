import type { ChangedFile, ChangeReport, RunNumbers, Trend } from '#contract/change/change.ts'
import type { CodeFunction } from '#contract/change/code.ts'
import type { Measurement } from '#contract/report/report.ts'
import { count, number } from '../arguments.ts'
import { machineLines } from './machines.ts'
import { createPaint, type Paint, short, state, table } from '../format.ts'
import { ranges } from '../ranges.ts'
import type { Register } from '../register.ts'
import { type Context, exitCodes } from '../context.ts'

export const register: Register = (program, context) => {
  program
    .command('change')
    .argument('<run>', 'number of the run', number)
    .description(
      'show why the change of a run is safe or what is wrong with it; ' +
        'exits with 1 when a test fails or a gate stops it',
    )
    .addHelpText('after', '\nExamples:\n  $ fairlead change 12')
    .action((run: number) => change(context, run))
  program
    .command('measurements')
    .argument('<run>', 'number of the run', number)
    .description(
      'show the performance measurements of a run, regressions against the last good release first',
    )
    .addHelpText('after', '\nExamples:\n  $ fairlead measurements 12')
    .action((run: number) => measurements(context, run))
  program
    .command('code')
    .argument('<run>', 'number of the run', number)
    .description(
      'show code metrics of a run and the functions that its change touched, the most complex first',
    )
    .addHelpText('after', '\nExamples:\n  $ fairlead code 12')
    .action((run: number) => code(context, run))
  program
    .command('trends')
    .argument('<app>', 'name of the app')
    .option('--limit <n>', 'number of runs', count, 20)
    .description(
      'show the trend of tests, coverage, findings and code over the last runs of an app',
    )
    .addHelpText('after', '\nExamples:\n  $ fairlead trends shop --limit 50')
    .action((app: string, options: { limit: number }) => trends(context, app, options))
}

async function change(context: Context, run: number): Promise<void> {
  const { client } = await context.connect()
  const report = await client.getChange({ params: { run } })
  const paint = createPaint(context.isLively())
  const { tests } = report.numbers
  if (
    report.gates.some(({ stops }) => stops) ||
    (tests && tests.failed + tests.errored > tests.quarantined)
  )
    context.exit(exitCodes.no)
  context.answer(report, () => [
    ...commitLines(report),
    ...numberLines(report),
    ...gateLines(report, paint),
    ...fileLines(report, paint),
    ...restLines(report, paint),
    ...report.machines.flatMap((plan) => ['', ...machineLines(plan)]),
  ])
}

/** The commits of a change, when it has more than its head. */
const commitLines = ({ commits }: ChangeReport): string[] =>
  commits === null || commits.length < 2
    ? []
    : [
        'Commits:',
        ...commits.map(({ sha, subject, author }) => `  ${short(sha)} ${subject} (${author})`),
      ]

const share = (part: number, of: number): string =>
  of === 0 ? 'none' : `${((part / of) * 100).toFixed(1)} %`

function numberLines({ numbers, before }: ChangeReport): string[] {
  const rows = rowsOf(numbers)
  const earlier = new Map(before ? rowsOf(before) : [])
  const { base } = numbers
  const what =
    base.sha === null
      ? 'There is no good release in production to compare with.'
      : `Compared with ${short(base.sha)} (run ${base.run}), the last good release in production:`
  return [
    what,
    ...table(
      rows.map(([name, text]) => [name, text, earlier.has(name) ? `was ${earlier.get(name)}` : '']),
      160,
    ),
    '',
  ]
}

function rowsOf({
  tests,
  coverage,
  findings,
  measurements,
  materials,
  code,
}: Omit<RunNumbers, 'base'>): [string, string][] {
  const rows: [string, string | null][] = [
    [
      'tests',
      tests &&
        `${tests.passed} passed, ${tests.failed + tests.errored} failed, ${tests.skipped} skipped${tests.quarantined > 0 ? `, ${tests.quarantined} quarantined` : ''}`,
    ],
    [
      'coverage of the change',
      coverage?.changed
        ? share(coverage.changed.covered, coverage.changed.lines) +
          (coverage.unreported ? `; ${coverage.unreported} lines are in no report` : '')
        : null,
    ],
    ['coverage', coverage && share(coverage.total.covered, coverage.total.lines)],
    [
      'findings',
      findings &&
        `${findings.error} errors, ${findings.warning} warnings, ${findings.note} notes${findings.fresh ? ` (new: ${findings.fresh.error}, ${findings.fresh.warning}, ${findings.fresh.note})` : ''}`,
    ],
    [
      'measurements',
      measurements && `${measurements.total}, ${measurements.worse} worse beyond noise`,
    ],
    ['components', materials && String(materials.components)],
    [
      'code',
      code &&
        `${code.code} lines in ${code.files} files, ${share(code.duplicated, code.code)} duplicated`,
    ],
    [
      'functions',
      code && `${code.functions}, ${code.complex} above complexity 15, the highest ${code.highest}`,
    ],
  ]
  return rows.map(([name, text]) => [name, text ?? 'unknown'])
}

function gateLines({ gates }: ChangeReport, paint: Paint): string[] {
  if (gates.length === 0) return []
  return [
    ...gates.flatMap((gate) => [
      `${state(gate.state, paint)}  gate ${gate.name}`,
      ...gate.reasons.map((reason) => `    ${reason}`),
    ]),
    '',
  ]
}

/** Problems on the lines that the change touched. */
function fileLines({ files }: ChangeReport, paint: Paint): string[] {
  if (files === null) return ['The changed lines are unknown: git cannot compare the two commits.']
  const lines = files.flatMap((file) => [
    ...file.findings.map((one) => [
      `${file.path}:${one.line ?? 1}`,
      paint.bad(one.level),
      `${one.message.split('\n')[0]} (${one.tool} ${one.rule})`,
    ]),
    ...missedOf(file),
    ...file.functions
      .filter(hasGrown)
      .map((one) => [`${file.path}:${one.line}`, 'complex', grown(one)]),
    ...file.duplicates.map((one) => [
      `${file.path}:${one.line}`,
      'duplicate',
      `lines ${one.line} to ${one.end} duplicate ${one.of.file}:${one.of.line}`,
    ]),
  ])
  return lines.length === 0
    ? [`${files.length} files changed; no problems on the changed lines`]
    : table(lines.slice(0, 100), 160)
}

const missedOf = ({ path, coverage }: ChangedFile): string[][] =>
  coverage && coverage.missed.length > 0
    ? [[`${path}:${coverage.missed[0]}`, 'missed', `no test reaches ${ranges(coverage.missed)}`]]
    : []

const hasGrown = ({ cyclomatic, before }: CodeFunction): boolean =>
  cyclomatic > 15 && cyclomatic > (before?.cyclomatic ?? 0)
const grown = ({ name, cyclomatic, cognitive, before }: CodeFunction): string =>
  `${name} has complexity ${cyclomatic} (cognitive ${cognitive})${before ? `, was ${before.cyclomatic}` : ''}`

function restLines({ tests, evidence }: ChangeReport, paint: Paint): string[] {
  const bad = tests.filter(({ outcome }) => outcome === 'failed' || outcome === 'errored')
  const names = evidence.map(
    ({ kind, environment, result }) =>
      `${kind}${environment === null ? '' : `.${environment}`} ${result}`,
  )
  return [
    ...bad.slice(0, 20).map(({ suite, name, before, isQuarantined }) => {
      const note = isQuarantined ? 'quarantined' : before === 'passed' ? 'passed before' : ''
      return `${state('failed', paint)}  ${suite === '' ? name : `${suite} › ${name}`} ${note === '' ? '' : paint.busy(note)}`.trimEnd()
    }),
    '',
    names.length === 0 ? 'There is no evidence yet' : `Evidence: ${names.join(', ')}`,
  ]
}

async function measurements(context: Context, run: number): Promise<void> {
  const { client } = await context.connect()
  const answer = await client.listMeasurements({ params: { run } })
  const paint = createPaint(context.isLively())
  context.answer(answer, () =>
    answer.measurements.length === 0
      ? [
          'No step of this run has a measurements report; declare reports with `reports:` in fairlead.yaml',
        ]
      : table(
          answer.measurements.map((one) => measurementRow(one, paint)),
          160,
        ),
  )
}

const plain = (value: number): string => String(Number(value.toPrecision(4)))

function measurementRow({ name, value, unit, before, worse }: Measurement, paint: Paint): string[] {
  const word =
    worse === null
      ? ''
      : `${Math.abs(worse.percent).toFixed(1)} % ${worse.percent > 0 ? 'worse' : 'better'}`
  const noise =
    worse === null
      ? ''
      : worse.low === null || worse.high === null
        ? 'noise unknown'
        : `${worse.low.toFixed(1)} to ${worse.high.toFixed(1)}`
  const isWorse = (worse?.low ?? 0) > 0
  return [
    name,
    `${plain(value)} ${unit}`.trim(),
    before === null ? 'new' : `was ${plain(before)}`,
    isWorse ? paint.bad(word) : word,
    noise,
  ]
}

const reasonOf = (problem: string | null): string => (problem === null ? '' : `: ${problem}`)

async function code(context: Context, run: number): Promise<void> {
  const { client } = await context.connect()
  const answer = await client.getCode({ params: { run } })
  context.answer(answer, () => {
    if (!answer.code)
      return [`The code of this run has not been measured${reasonOf(answer.problem)}`]
    const { summary, functions, duplicates, unmeasured } = answer.code
    return [
      `${summary.code} lines of code in ${summary.files} files, ${share(summary.duplicated, summary.code)} duplicated; ${summary.functions} functions, ${summary.complex} above complexity 15`,
      ...table(
        functions
          .filter(({ isChanged }) => isChanged)
          .slice(0, 30)
          .map((one) => [
            `${one.file}:${one.line}`,
            String(one.cyclomatic),
            `cognitive ${one.cognitive}`,
            one.before ? `was ${one.before.cyclomatic}` : 'new',
            one.name,
          ]),
      ),
      ...duplicates
        .slice(0, 20)
        .map(
          (one) => `${one.file}:${one.line}-${one.end} duplicates ${one.of.file}:${one.of.line}`,
        ),
      ...unmeasured
        .slice(0, 20)
        .map(({ file, reason }) => `${file} was not measured: it ${reason}`),
    ]
  })
}

async function trends(context: Context, app: string, options: { limit: number }): Promise<void> {
  const { client } = await context.connect()
  const answer = await client.listTrends({ params: { app }, query: options })
  context.answer(answer, () =>
    answer.runs.length === 0
      ? ['No run of this app has numbers yet']
      : table([
          ['run', 'tests', 'coverage', 'findings', 'lines', 'duplicated', 'complex'],
          ...answer.runs.map(trendRow),
        ]),
  )
}

function trendRow({
  run,
  state,
  numbers: { tests, coverage, findings, code: measured },
}: Trend): string[] {
  return [
    state === 'failed' ? `${run} failed` : String(run),
    tests ? `${tests.passed}/${tests.total}` : '?',
    coverage ? share(coverage.total.covered, coverage.total.lines) : '?',
    findings ? String(findings.error + findings.warning + findings.note) : '?',
    measured ? String(measured.code) : '?',
    measured ? share(measured.duplicated, measured.code) : '?',
    measured ? String(measured.complex) : '?',
  ]
}
