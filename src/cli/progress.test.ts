import { expect, test } from 'vitest'
import { fitting } from './progress.ts'

const items = (...states: string[]) => states.map((state, i) => ({ name: `step-${i}`, state }))

test('all items are shown where they fit', () => {
  expect(fitting(items('passed', 'running'), 2)).toHaveLength(2)
})

test('on a small terminal, passed and waiting items are hidden first, and counted', () => {
  const shown = fitting(items('passed', 'running', 'waiting', 'passed', 'failed', 'waiting'), 3)
  expect(shown).toEqual([
    '4 more: 2 passed, 2 waiting in all',
    { name: 'step-1', state: 'running' },
    { name: 'step-4', state: 'failed' },
  ])
})

test('never more lines than the terminal has', () => {
  for (let rows = 2; rows < 12; rows += 1)
    expect(fitting(items(...Array<string>(10).fill('running')), rows).length).toBeLessThanOrEqual(
      rows,
    )
})
