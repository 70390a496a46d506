import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { hostVariables } from '#platform/process/host-process.ts'

test('the server passes every setting to the host that the host reads', () => {
  const folder = import.meta.dirname
  const texts = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
  const read = texts.flatMap((text) =>
    [...text.matchAll(/(?:process\.env\[|\bset\()'(FAIRLEAD_\w+)'/g)].map(([, name]) => name),
  )
  expect(new Set(read).size).toBeGreaterThan(3)
  const passed: readonly (string | undefined)[] = hostVariables
  expect(read.filter((name) => !passed.includes(name))).toEqual([])
})
