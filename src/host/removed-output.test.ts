import { appendFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readOutput } from './output.ts'
import { RemovedOutput } from './removed-output.ts'

const root = mkdtempSync(join(tmpdir(), 'fairlead-removed-'))
afterAll(() => rmSync(root, { recursive: true }))
const service = { env: {}, secrets: [] }
const key = 'shop/production/1/web/0'

test('the end of the output of a removed release is read once, then its files go', async () => {
  const log = join(root, 'log/shop/production/1')
  mkdirSync(log, { recursive: true })
  const outputs = [
    { key, file: join(log, 'web.0.log'), service },
    { key: 'shop/production/1/queue/0', file: join(root, 'log/exclusive/queue.0.log'), service },
  ]
  writeFileSync(outputs[0]!.file, 'one\n')
  const places = { [key]: readOutput(outputs, {}, 0).files[0]!.until }
  appendFileSync(outputs[0]!.file, 'TypeError: last words\n')
  const removed = new RemovedOutput(join(root, 'removed'), 100)
  removed.keep(log, outputs)
  expect(existsSync(log)).toBe(false)
  // Until the release is gone, its own outputs come first.
  expect(removed.outputs(outputs)).toEqual([])
  const { keys, files } = readOutput(removed.outputs([]), places, 0)
  expect(keys).toEqual([key])
  expect(files).toMatchObject([{ key, lines: ['TypeError: last words'] }])
  await expect.poll(() => removed.outputs([])).toEqual([])
  expect(existsSync(join(root, 'removed', `${process.pid}-1`))).toBe(false)
})

test('the next host deletes what is left; a release without logs leaves nothing', () => {
  const folder = join(root, 'left')
  const removed = new RemovedOutput(folder)
  removed.keep(join(root, 'none'), [])
  const log = join(root, 'log/shop/production/2')
  mkdirSync(log, { recursive: true })
  removed.keep(log, [{ key, file: join(log, 'web.0.log'), service }])
  removed.release()
  expect(removed.outputs([])).toEqual([])
  new RemovedOutput(folder).sweep()
  expect(existsSync(folder)).toBe(false)
})
