import { describe, expect, test } from 'vitest'
import { expressionProblem } from '#contract/gate/expression.ts'
import type { Finding, Measurement } from '#contract/report/report.ts'
import { evaluateGates, reasonOf } from './gate.ts'
import type { RunFacts, Numbers } from './facts.ts'

const nothing: Numbers = {
  tests: null,
  coverage: null,
  findings: null,
  measurements: null,
  materials: null,
  code: null,
}
const bare: RunFacts = {
  numbers: nothing,
  findings: null,
  measurements: null,
  code: null,
  codeProblem: null,
  last: null,
}
const covered = (changed: number, total = 900): RunFacts['numbers'] => ({
  ...nothing,
  coverage: { total: { covered: total, lines: 1000 }, changed: { covered: changed, lines: 100 } },
})
const finding = (isNew: boolean | null, level: Finding['level'] = 'error'): Finding => ({
  ...{
    step: 'lint',
    tool: 'eslint',
    rule: 'no-eval',
    level,
    severity: 'high',
    message: 'eval is evil',
  },
  ...{ file: 'src/a.js', line: 12, isNew },
})
const measurement = (low: number | null): Measurement => ({
  ...{
    step: 'bench',
    name: 'checkout p95',
    unit: 'ms',
    better: 'lower',
    value: 230,
    spread: null,
    before: 200,
  },
  worse: { percent: 15, low, high: low === null ? null : 22 },
})
const code = (cyclomatic: number, before: number | null): RunFacts['code'] => ({
  summary: {
    files: 1,
    lines: 1,
    code: 200,
    functions: 1,
    highest: cyclomatic,
    complex: 1,
    duplicated: 20,
    broken: 0,
    languages: {},
  },
  before: null,
  functions: [
    {
      ...{
        file: 'src/a.js',
        name: 'pay',
        line: 3,
        end: 40,
        cyclomatic,
        cognitive: 9,
        parameters: 1,
        isChanged: true,
      },
      before: before === null ? null : { cyclomatic: before, cognitive: 1 },
    },
  ],
  unmeasured: [],
  duplicates: [],
})
const last = { run: 7, numbers: covered(100, 950) }

const ask = (expression: string, known: Partial<RunFacts>, waived: string[] = []) =>
  evaluateGates({ it: expression }, { ...bare, ...known }, new Set(waived))[0]

describe('a gate', () => {
  test('explains what it compared and by how much it failed', () => {
    expect(ask('coverage.changed >= 80.0', { numbers: covered(62), last })).toMatchObject({
      state: 'failed',
      stops: true,
      reasons: ['coverage.changed is 62, which is not >= 80: 18 below it'],
    })
    expect(ask('coverage.changed >= 80', { numbers: covered(91), last })).toMatchObject({
      state: 'passed',
      stops: false,
      reasons: ['coverage.changed is 91, which is >= 80: 11 above it'],
    })
    expect(
      ask('coverage.total >= last.coverage.total - 1.0', { numbers: covered(1), last })?.reasons,
    ).toEqual(['coverage.total is 90, which is not >= last.coverage.total - 1.0, 94: 4 below it'])
  })

  test('lists the findings, functions and measurements that fail it', () => {
    const fresh = '!findings.exists(f, f.isNew && f.level == "error")'
    expect(ask(fresh, { findings: [finding(true), finding(false)], last })?.reasons).toEqual([
      '1 of 2 findings: src/a.js:12 eval is evil (eslint no-eval)',
    ])
    expect(ask(fresh, { findings: [finding(false)], last })).toMatchObject({ state: 'passed' })
    const simple = 'functions.all(f, f.cyclomatic <= 15 || f.cyclomatic <= f.before.cyclomatic)'
    expect(ask(simple, { code: code(18, 12), last })?.reasons).toEqual([
      '1 of 1 functions: src/a.js:3 pay has complexity 18 (cognitive 9)',
    ])
    expect(ask(simple, { code: code(18, 18), last })).toMatchObject({ state: 'passed' })
    expect(ask(simple, { code: code(18, null), last })).toMatchObject({ state: 'failed' })
    const slow = 'measurements.all(m, measurements[m].worse <= 5.0)'
    expect(ask(slow, { measurements: [measurement(8)], last })?.reasons).toEqual([
      '1 of 1 measurements: checkout p95 is 230 ms, was 200: 15 % worse, at least 8 % beyond its noise',
    ])
    expect(ask(slow, { measurements: [measurement(3)], last })).toMatchObject({ state: 'passed' })
  })

  test('stops the change when data of this run is missing', () => {
    for (const [expression, why] of [
      ['coverage.changed > 1.0', 'coverage'],
      ['findings.size() == 0', 'findings'],
      ['measurements["x"].value < 1.0', 'measurements'],
      ['code.complex == 0', 'the code could not be measured'],
      ['tests.total > 0 || true', 'no step of this run has a report with tests'],
    ] as const)
      expect(ask(expression, {})).toMatchObject({
        state: 'unknown',
        stops: true,
        reasons: [expect.stringContaining(why)],
      })
    expect(
      ask('measurements["gone"].value < 1.0', { measurements: [measurement(1)] }),
    ).toMatchObject({
      state: 'unknown',
      stops: true,
      reasons: ['this run has no gone, which `measurements["gone"].value < 1.0` needs'],
    })
    const unseen = { ...covered(90), coverage: { total: { covered: 9, lines: 10 }, changed: null } }
    expect(ask('coverage.changed >= 80', { numbers: unseen, last })).toMatchObject({
      state: 'unknown',
      stops: true,
      reasons: [
        expect.stringMatching(/^the changed lines are unknown: the diff is larger than 64 MB/),
      ],
    })
  })

  test.each([
    ['coverage.changed >= 80', { changed: 0, lines: 0, unreported: 0 }, 'passed'],
    ['coverage.changed >= 80', { changed: 0, lines: 0, unreported: 16_000 }, 'unknown'],
    ['coverage.changed >= 80', { changed: 9, lines: 10, unreported: 1 }, 'unknown'],
    ['coverage.unreported == 0', { changed: 9, lines: 10, unreported: 1 }, 'failed'],
  ])('%s for %j: %s', (expression, { changed, lines, unreported }, state) => {
    const coverage = {
      ...{ total: { covered: 9, lines: 10 }, changed: { covered: changed, lines }, unreported },
    }
    const numbers = { ...nothing, coverage }
    const files = ['a.js', 'b.js', 'c.js', 'd.js']
    const answer = ask(expression, { numbers, last, unreported: unreported > 0 ? files : [] })
    expect(answer).toMatchObject({ state, stops: state !== 'passed' })
    if (state === 'unknown')
      expect(answer?.reasons).toEqual([
        'no coverage report mentions changed code: a.js, b.js, c.js and 1 more',
      ])
  })

  test('is unknown for a share of nothing', () => {
    const coverage = { total: { covered: 0, lines: 0 }, changed: { covered: 0, lines: 0 } }
    const empty = { numbers: { ...nothing, coverage } }
    expect(ask('coverage.total >= 0.0', empty)).toMatchObject({ state: 'unknown', stops: true })
    expect(
      ask('coverage.total >= last.coverage.total', {
        numbers: covered(90),
        last: { run: 7, ...empty },
      }),
    ).toMatchObject({ state: 'unknown', stops: false })
    const noCode = code(1, 1)
    const summary = { ...noCode!.summary, code: 0, duplicated: 0 }
    expect(
      ask('code.duplication < 5.0', { numbers: { ...nothing, code: summary }, code: noCode }),
    ).toMatchObject({ state: 'unknown', stops: true })
    const tests = {
      ...{ total: 0, passed: 0, failed: 0, errored: 0, skipped: 0, broken: 0, quarantined: 0 },
      seconds: 0,
    }
    expect(ask('tests.failed == 0', { numbers: { ...nothing, tests } })).toMatchObject({
      state: 'unknown',
      stops: true,
    })
  })

  test.each([
    [['findings'], 'unknown'],
    [null, 'unknown'],
    [['tests'], 'passed'],
  ])('on findings while a failed step lacks its report of %j: %s', (topics, state) => {
    const missing = [{ step: 'audit', topics }]
    const answer = ask('findings.size() == 0', { findings: [], missing })
    expect(answer).toMatchObject({ state, stops: state === 'unknown' })
    if (state === 'unknown')
      expect(answer?.reasons).toEqual(['step audit failed without its report'])
  })

  test('is unknown and stops nothing while there is no release to compare with', () => {
    const first = {
      numbers: covered(90),
      findings: [finding(null)],
      measurements: [measurement(null)],
    }
    for (const expression of [
      'coverage.total >= last.coverage.total',
      '!findings.exists(f, f.isNew)',
      'coverage.changed >= 95',
      'coverage.changedLines < 5',
    ])
      expect(ask(expression, first)).toMatchObject({ state: 'unknown', stops: false })
    expect(
      ask('coverage.total >= last.coverage.total', { ...first, last: { run: 7, numbers: nothing } })
        ?.reasons,
    ).toEqual(['the last good release (run 7) has no coverage to compare with'])
    expect(ask('measurements["checkout p95"].worse <= 5.0', { ...first, last })).toMatchObject({
      state: 'unknown',
      stops: false,
      reasons: [expect.stringContaining('noise is unknown')],
    })
    expect(ask('!findings.exists(f, f.isNew)', { ...first, last })).toMatchObject({
      state: 'unknown',
      stops: false,
    })
  })

  test('that is waived keeps its reasons', () => {
    const waived = ask('coverage.changed >= 80.0', { numbers: covered(62), last }, ['it'])
    expect(waived).toMatchObject({
      state: 'waived',
      stops: false,
      reasons: [expect.stringContaining('62')],
    })
    expect(ask('coverage.changed >= 80.0', { numbers: covered(82), last }, ['it'])).toMatchObject({
      state: 'passed',
    })
  })

  test('is named in the reason only if it stops the run', () => {
    const gates = evaluateGates(
      { a: 'coverage.changed >= 80', b: 'coverage.total >= 10.0', c: 'tests.total > 0' },
      { ...bare, numbers: covered(1), last },
      new Set(),
    )
    expect(reasonOf(gates)).toBe(
      'gate a: coverage.changed is 1, which is not >= 80: 79 below it; gate c: no step of this run has a report with tests',
    )
    expect(reasonOf(gates.filter(({ name }) => name === 'b'))).toBe(null)
  })

  test('explains the operands of `&&` and `||` that decided', () => {
    const both = { numbers: covered(62), last }
    expect(ask('coverage.changed >= 80 && coverage.total >= 10.0', both)?.reasons).toEqual([
      'coverage.changed is 62, which is not >= 80: 18 below it',
    ])
    expect(ask('coverage.changed >= 80 || coverage.total >= 99.0', both)?.reasons).toHaveLength(2)
    expect(ask('!(coverage.changed < 80)', both)?.reasons).toEqual([
      'coverage.changed is 62, which is < 80: 18 below it',
    ])
  })
})

describe('an expression', () => {
  test.each([
    ['coverage.chnged > 1', /No such key: chnged/],
    ['cov > 1', /Unknown variable: cov/],
    ['1 +', /Unexpected token/],
    ['coverage.changed', /must be true or false, but is of type double/],
    ['findings.exists(f, f.levle == "x")', /No such key: levle/],
    ['', /./],
    ['coverage.changed > "a"', /no such overload/],
  ])('that is wrong is said to be: %s', (text, problem) =>
    expect(expressionProblem(text)).toMatch(problem),
  )

  test.each([
    'coverage.changed >= 80',
    '!findings.exists(f, f.isNew && f.severity in ["high", "critical"])',
    'findings.filter(f, f.level == "error").size() <= 3',
    'measurements["checkout p95"].worse <= 5.0',
    'functions.all(f, f.cyclomatic <= 15 || f.cyclomatic <= f.before.cyclomatic)',
    'code.duplication <= last.code.duplication + 0.5',
    'tests.total >= last.tests.total',
  ])('that is right is taken: %s', (text) => expect(expressionProblem(text)).toBe(null))
})

test('code that was not measured completely is unknown, with the reason', () => {
  const report = code(9, 9)!
  const skipped = { file: 'a.cpp', reason: 'took longer than 20 seconds', isTouched: false }
  const reasons = (facts: Partial<RunFacts>) =>
    evaluateGates(
      { all: 'code.complex < 9', touched: 'functions.all(f, f.cyclomatic < 15)' },
      { ...bare, numbers: { ...nothing, code: report.summary }, ...facts },
      new Set(),
    ).map(({ state, reasons: [reason], stops }) => [state, stops, reason])
  const why = 'a.cpp was not measured: the analysis of it took longer than 20 seconds'
  expect(reasons({ code: { ...report, unmeasured: [skipped] } })).toMatchObject([
    ['unknown', true, why],
    ['passed', false, expect.any(String)],
  ])
  expect(reasons({ code: { ...report, unmeasured: [{ ...skipped, isTouched: true }] } })).toEqual([
    ['unknown', true, why],
    ['unknown', true, why],
  ])
  const problem = 'the analysis took longer than 300 seconds'
  expect(reasons({ numbers: nothing, codeProblem: problem })).toEqual([
    ['unknown', true, problem],
    ['unknown', true, problem],
  ])
})
