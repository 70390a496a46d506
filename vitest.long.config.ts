import { defineConfig } from 'vitest/config'
import config from './vitest.config.ts'

/** `npm run test:long`: what `npm test` runs in part, in full. */
export default defineConfig({
  test: {
    ...config.test,
    include: [
      'test/kill.test.ts',
      'test/previews.test.ts',
      'test/pull-requests.test.ts',
      'src/engine/kill.test.ts',
      'src/engine/chaos.test.ts',
      'test/console/change.test.ts',
    ],
    exclude: ['**/node_modules/**'],
    env: { FAIRLEAD_TEST_SCALE: 'long' },
    testTimeout: 900_000,
  },
})
