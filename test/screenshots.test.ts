import { expect, test } from 'vitest'
import { type Box, describeDifferences, differencesOf } from '../tools/screenshots/compare.ts'

const box = (key: string, at: Box['at'], style = '14px 400 14181dff'): Box => ({ key, at, style })
const heading = box('h1 Apps', [300, 60, 60, 25])
const rows = [box('li', [300, 100, 900, 40]), box('li', [300, 140, 900, 40])]
const page = [heading, ...rows]

test('a page that was rounded differently is the same page', () => {
  const rounded = page.map(({ at: [x, y, width, height], ...one }) => ({
    ...one,
    at: [x + 1, y - 2, width + 2, height] as Box['at'],
  }))
  expect(differencesOf(page, page)).toEqual([])
  expect(differencesOf(page, rounded)).toEqual([])
})

test.each([
  ['moved', [box('h1 Apps', [300, 63, 60, 25]), ...rows]],
  ['resized', [box('h1 Apps', [300, 60, 60, 28]), ...rows]],
  ['restyled', [box('h1 Apps', [300, 60, 60, 25], '14px 600 14181dff'), ...rows]],
  ['missing', rows],
  ['new', [...page, box('li', [300, 180, 900, 40])]],
])('a page with one %s element is another page', (kind, changed) => {
  expect(differencesOf(page, changed).map((one) => one.kind)).toEqual([kind])
})

test('the differences name the cause before what it moved', () => {
  const changed = [
    box('h1 Apps', [300, 60, 60, 45]),
    ...rows.map(({ key, at: [x, y, ...size] }) => box(key, [x, y + 20, ...size])),
  ]
  expect(describeDifferences(differencesOf(page, changed))).toEqual([
    'resized: h1 Apps, 60 × 25 px → 60 × 45 px',
    'and 2 more',
  ])
})
