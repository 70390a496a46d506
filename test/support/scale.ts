import { describe, test } from 'vitest'

/**
 * Whether everything is tried, as `npm run test:long` does, or a part that represents it, as
 * `npm test` does.
 */
export const isLong = process.env['FAIRLEAD_TEST_SCALE'] === 'long'

const ignored = Object.assign(() => undefined, { each: () => () => undefined })

/**
 * Declares a test of `npm run test:long` only: a variant or a rare case beside tests of `npm test`.
 * In `npm test` it does not exist, so that it does not count as skipped.
 */
export const longTest = isLong ? test : (ignored as unknown as typeof test)

/** The same for a group of tests with a set-up of its own. */
export const longDescribe = isLong ? describe : (ignored as unknown as typeof describe)
