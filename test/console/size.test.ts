import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { packageRoot } from '#platform/self.ts'

test('the scripts that each page loads are at most 150 KB when compressed', () => {
  const console = join(packageRoot, 'dist/console')
  const page = readFileSync(join(console, 'index.html'), 'utf8')
  const scripts = [...page.matchAll(/"\/(assets\/[^"]+\.js)"/g)].map(([, path]) => path ?? '')
  expect(scripts.length).toBeGreaterThan(3)
  const bytes = scripts.map((path) => statSync(join(console, `${path}.br`)).size)
  expect(bytes.reduce((sum, one) => sum + one, 0)).toBeLessThan(150 * 1024)
})
