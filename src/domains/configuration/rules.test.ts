import { expect, test } from 'vitest'
import { changeProblem } from './rules.ts'

const none = { variables: {}, secrets: {}, references: {} }
const isKnown = (reference: string): string | null =>
  reference.startsWith('file:') ? null : 'names no source'

test.each([
  [{ ...none, variables: { LOG_LEVEL: 'debug' } }, null],
  [{ ...none, references: { KEY: 'file:/run/key' } }, null],
  [
    { ...none, secrets: { 'API-KEY': 'x' } },
    { field: 'variables.API-KEY', problem: 'must be a variable name such as LOG_LEVEL' },
  ],
  [
    { ...none, variables: { PORT: null } },
    { field: 'variables.PORT', problem: 'is set by Fairlead and cannot be changed' },
  ],
  [
    { ...none, references: { FAIRLEAD_TOKEN: 'file:/run/key' } },
    { field: 'variables.FAIRLEAD_TOKEN', problem: 'is set by Fairlead and cannot be changed' },
  ],
  [
    { ...none, references: { KEY: 'vault' } },
    { field: 'references.KEY', problem: 'names no source' },
  ],
])('a change of %j', (change, expected) => {
  expect(changeProblem(change, isKnown)).toEqual(expected)
})
