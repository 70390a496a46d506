import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { packageRoot } from '#platform/self.ts'

test('types, lint, format, dead code and generated files are in order', () => {
  const path = `${join(packageRoot, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(packageRoot, 'tools/check.ts')],
    {
      cwd: packageRoot,
      encoding: 'utf8',
      env: { ...process.env, PATH: path },
    },
  )
  expect(status, stdout + stderr).toBe(0)
}, 180_000)
