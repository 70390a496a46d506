import { expect, test } from 'vitest'
import { asSentence } from './state.ts'

test.each([
  ['it crashed 3 times.\nmore', 'It crashed 3 times.'],
  [
    'fairlead.yaml:25:5: `strategy` must be one of',
    'fairlead.yaml:25:5: `strategy` must be one of.',
  ],
  ['production: a later deployment waits', 'production: a later deployment waits.'],
  ['cancelled', 'Cancelled.'],
])('shows %j as a sentence', (text, sentence) => {
  expect(asSentence(text)).toBe(sentence)
})
