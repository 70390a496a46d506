import { expect, test } from 'vitest'
import type { ChangeReport } from '#contract/change/change.ts'
import { initiallyOpen, share, sumUp } from './words.ts'

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
