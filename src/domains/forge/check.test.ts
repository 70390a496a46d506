import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Finding, TestResult } from '#contract/report/report.ts'
import { maxAnnotations, type CheckFacts, decideCheck, rangesOf } from './check.ts'

const status = {
  sha: 'a'.repeat(40),
  name: 'fairlead',
  state: 'failure' as const,
  description: 'test failed',
  url: 'http://x/runs/1',
}
const nothing: CheckFacts = {
  gates: [],
  numbers: { tests: null, coverage: null, findings: null },
  tests: [],
  findings: null,
  coverage: null,
}
const bad = (name: string, more: Partial<TestResult> = {}): TestResult => ({
  ...{
    step: 'test',
    suite: 'cart',
    name,
    outcome: 'failed',
    seconds: 1,
    file: 'cart.test.js',
    message: 'expected 2\nat cart',
  },
  ...{ before: 'passed', isQuarantined: false, flaky: { commits: 0, of: 1 } },
  ...more,
})
const finding = (more: Partial<Finding>): Finding => ({
  ...{
    step: 'lint',
    tool: 'eslint',
    rule: 'no-eval',
    level: 'warning',
    severity: null,
    message: 'eval',
    file: 'a.js',
    line: 3,
    isNew: true,
  },
  ...more,
})

test('an open run has only its status', () => {
  expect(decideCheck(status, 'run/1', null)).toEqual({
    ...status,
    key: 'run/1',
    summary: 'test failed',
    annotations: [],
  })
})

test('annotations are failing tests, then new findings by level, then uncovered lines', () => {
  const { summary, annotations } = decideCheck(status, 'run/1', {
    ...nothing,
    gates: [
      {
        name: 'security',
        expression: '',
        state: 'failed',
        reasons: ['1 finding is new'],
        stops: true,
      },
    ],
    tests: [
      bad('adds'),
      bad('waits', { isQuarantined: true }),
      bad('nowhere', { file: null }),
      bad('fine', { outcome: 'passed' }),
    ],
    findings: [
      finding({}),
      finding({ isNew: false }),
      finding({ file: null }),
      finding({ level: 'error', line: 9 }),
    ],
    coverage: [
      {
        file: 'b.js',
        covered: 1,
        lines: 5,
        missed: [],
        changed: { covered: 1, lines: 4, missed: [4, 2, 3, 7], reached: [] },
      },
    ],
  })
  expect(
    annotations.map(({ file, line, end, level }) => `${file}:${line}-${end} ${level}`),
  ).toEqual([
    'cart.test.js:1-1 failure',
    'a.js:9-9 failure',
    'a.js:3-3 warning',
    'b.js:2-4 notice',
    'b.js:7-7 notice',
  ])
  expect(summary.split('\n')).toEqual([
    'test failed',
    '- gate `security`: failed; 1 finding is new',
    '- failed: `cart › adds`: expected 2',
    '- failed: `cart › nowhere`: expected 2',
  ])
})

test('property: never more annotations than the limit', () => {
  fc.assert(
    fc.property(fc.nat(120), fc.nat(120), (tests, findings) => {
      const facts = {
        ...nothing,
        tests: Array.from({ length: tests }, () => bad('x')),
        findings: Array.from({ length: findings }, () => finding({})),
      }
      expect(decideCheck(status, 'run/1', facts).annotations).toHaveLength(
        Math.min(maxAnnotations, tests + findings),
      )
    }),
  )
})

test('property: ranges contain exactly the lines', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 60 })), (lines) => {
      const ranges = rangesOf(lines)
      const all = ranges.flatMap(([from, to]) =>
        Array.from({ length: to - from + 1 }, (_, i) => from + i),
      )
      expect(all).toEqual([...new Set(lines)].sort((a, b) => a - b))
      expect(ranges.every(([from], i) => i === 0 || from > (ranges[i - 1]?.[1] ?? 0) + 1)).toBe(
        true,
      )
    }),
  )
})
