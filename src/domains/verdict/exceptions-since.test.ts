import { expect, test } from 'vitest'
import { exceptionsSince } from './exceptions-since.ts'

const one = { error: 1, type: 'TypeError', message: 'x', place: 'pay (a.js)', isNew: true }

test('only what was thrown since the reading before counts, with the name of the error', () => {
  const before = [{ ...one, baseline: 1, canary: 2 }]
  expect(exceptionsSince(before, before, 5)).toBeNull()
  expect(exceptionsSince(before, [{ ...one, baseline: 1, canary: 5 }], 5)).toEqual({
    at: 5,
    errors: [
      {
        ...{ error: 1, type: 'TypeError', title: 'TypeError: x in pay (a.js)', isNew: true },
        ...{ baseline: 0, canary: 3 },
      },
    ],
  })
  const other = { ...one, error: 2, message: '', place: null, baseline: 0, canary: 1 }
  expect(exceptionsSince(before, [other], 5)?.errors).toMatchObject([
    { error: 2, title: 'TypeError', canary: 1 },
  ])
  // Its oldest hour is over.
  expect(exceptionsSince(before, [{ ...one, baseline: 0, canary: 1 }], 5)).toBeNull()
})
