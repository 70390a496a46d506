/**
 * Whether everything is tried, as `npm run test:long` does, or a part that represents it, as
 * `npm test` does.
 */
export const isLong = process.env['FAIRLEAD_TEST_SCALE'] === 'long'
