import { expect, test } from 'vitest'
import { shownVersion } from './configuration-handlers.ts'

test('after a rollback the version that runs is shown, otherwise the one in force', () => {
  expect(shownVersion(null, 4)).toBe(4)
  expect(shownVersion({ kind: 'delivery', configuration: 4 }, 4)).toBe(4)
  // A new version is being deployed.
  expect(shownVersion({ kind: 'delivery', configuration: 3 }, 4)).toBe(4)
  expect(shownVersion({ kind: 'rollback', configuration: 3 }, 4)).toBe(3)
})
