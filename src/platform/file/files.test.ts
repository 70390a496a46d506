import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fileTime } from './files.ts'

test('a file written after a moment never has an earlier timestamp', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-'))
  for (let i = 0; i < 200; i += 1) {
    const since = await fileTime(folder)
    await writeFile(join(folder, 'report'), String(i))
    expect((await stat(join(folder, 'report'))).mtimeMs).toBeGreaterThanOrEqual(since)
  }
  await rm(folder, { recursive: true })
})
