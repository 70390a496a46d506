import { expect, test } from 'vitest'
import type { ChangeReport } from '#contract/change/change.ts'
import { firstParts, initiallyOpen, partLines, partsOf, share, sumUp } from './words.ts'

const numbers = (failed = 0, quarantined = 0): ChangeReport['numbers'] => ({
  ...{
    coverage: null,
    findings: null,
    measurements: null,
    materials: null,
    code: null,
    base: { run: null, sha: null },
  },
  tests: {
    total: 10,
    passed: 10 - failed,
    failed,
    errored: 0,
    skipped: 0,
    broken: 0,
    quarantined,
    seconds: 1,
  },
})
const gate = (
  name: string,
  state: 'passed' | 'failed' | 'unknown' | 'waived',
): ChangeReport['gates'][number] => ({
  ...{ name, expression: 'true', state, reasons: [], stops: state === 'failed' },
})
const ended = { state: 'succeeded' as const }

test('problems come first', () => {
  expect(
    sumUp({ gates: [gate('a', 'failed'), gate('b', 'passed')], numbers: numbers(2) }, ended),
  ).toEqual({
    tone: 'bad',
    word: '2 tests fail; stopped by a.',
  })
})

test('the report is green only when all gates and tests are known', () => {
  expect(sumUp({ gates: [gate('a', 'passed')], numbers: numbers() }, ended)).toEqual({
    tone: 'good',
    word: '1 gate passes; 10 tests pass.',
  })
  expect(sumUp({ gates: [], numbers: numbers() }, ended).tone).toBe('unknown')
  expect(sumUp({ gates: [gate('a', 'unknown')], numbers: numbers() }, ended)).toEqual({
    tone: 'unknown',
    word: '0 gates pass; 1 has no baseline yet; 10 tests pass.',
  })
  expect(
    sumUp({ gates: [gate('a', 'passed')], numbers: { ...numbers(), tests: null } }, ended).tone,
  ).toBe('unknown')
  expect(sumUp({ gates: [gate('a', 'waived')], numbers: numbers(1, 1) }, ended).word).toBe(
    '0 gates pass; 1 is waived; 9 tests pass.',
  )
  expect(sumUp({ gates: [], numbers: numbers() }, { state: 'running' }).tone).toBe('move')
})

test('a share is never rounded up to 100 %', () => {
  expect(share(9999, 10_000)).toBe('99.9 %')
  expect(share(1, 1)).toBe('100 %')
  expect(share(0, 0)).toBe('no lines')
})

test('a large change opens its first files, except those that are removed or cut', () => {
  const line = { kind: 'added' as const, text: '', line: 1, before: null }
  const file = (path: string, lines: number, more = {}) => ({
    ...{ path, status: 'changed' as const, isCut: false },
    ...{ hunks: [{ heading: '', lines: Array.from({ length: lines }, () => line) }], ...more },
  })
  const files = [
    file('long', 550),
    file('gone', 10, { status: 'removed' }),
    file('cut', 0, { isCut: true }),
    file('last', 200),
    file('more', 1),
  ]
  expect([...initiallyOpen(files)]).toEqual(['long', 'last'])
  expect(initiallyOpen(files.slice(3)).size).toBe(2)
})

const hunk = (heading: string, count: number) => ({
  heading,
  lines: Array.from({ length: count }, (_, n) => ({
    ...{ kind: 'added' as const, line: n + 1, text: `${n + 1}` },
  })),
})

test('a long diff is shown in parts, each line once and in order', () => {
  const hunks = [hunk('@@ one', 3), hunk('@@ two', 2 * partLines + 1), hunk('@@ three', 1)]
  const parts = partsOf(hunks as Parameters<typeof partsOf>[0])
  expect(parts.map(({ heading, lines }) => [heading, lines.length])).toEqual([
    ['@@ one', 3],
    ['@@ two', partLines],
    [null, partLines],
    [null, 1],
    ['@@ three', 1],
  ])
  expect(parts.flatMap(({ lines }) => lines)).toEqual(hunks.flatMap(({ lines }) => lines))
  expect(firstParts(parts, partLines)).toHaveLength(2)
  expect(firstParts(parts, 2 * partLines)).toHaveLength(3)
  expect(firstParts(parts, 10 * partLines)).toHaveLength(5)
})
