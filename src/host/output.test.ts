import {
  appendFileSync,
  mkdtempSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import type { OutputPlaces } from '#contract/host/output.ts'
import { readOutput } from './output.ts'

const folder = mkdtempSync(join(tmpdir(), 'fairlead-output-'))
const file = join(folder, 'web.0.log')
const key = 'shop/production/1/web/0'
const service = { env: { TOKEN: 'hush-hush-12' }, secrets: ['TOKEN'] }
let places: OutputPlaces
afterAll(() => rmSync(folder, { recursive: true }))
beforeEach(() => {
  places = {}
  for (const name of [file, `${file}.1`]) rmSync(name, { force: true })
})

const read = (now = Date.now()) => {
  const { files, keys } = readOutput([{ key, file, service }], places, now)
  expect(keys).toEqual([key])
  const [one] = files
  if (one) places = { [key]: one.until }
  return one
}

test('each line is read once, when it is complete, with secrets masked', () => {
  expect(read()).toBeUndefined()
  writeFileSync(file, 'one\nthe hush-hush-12 thing\nhal')
  expect(read()?.lines).toEqual(['one', 'the *** thing'])
  expect(read()).toBeUndefined()
  appendFileSync(file, 'f\n')
  expect(read(Date.now() + 5000)).toMatchObject({ lines: ['half'], skipped: 0 })
})

test('lines that were not consumed are read again', () => {
  writeFileSync(file, 'one\ntwo\n')
  const first = readOutput([{ key, file, service }], {}, Date.now()).files[0]!
  places = { [key]: { ...first.from, lines: 1 } }
  appendFileSync(file, 'three\n')
  expect(read()?.lines).toEqual(['two', 'three'])
})

test('the end of a renamed file is read, then the new file; an emptied one from its start', () => {
  writeFileSync(file, 'one\n')
  read()
  appendFileSync(file, 'last of the former\n')
  renameSync(file, `${file}.1`)
  writeFileSync(file, 'new\n')
  expect(read()?.lines).toEqual(['last of the former'])
  expect(read()?.lines).toEqual(['new'])
  truncateSync(file)
  writeFileSync(file, 'x\n')
  expect(read()?.lines).toEqual(['x'])
})

test('a flood is cut at a line, which is reported, and so is a hole', () => {
  writeFileSync(file, `${'x'.repeat(99)}\n`.repeat(10_000))
  const one = read()!
  expect(one.skipped).toBeGreaterThan(400_000)
  expect(one.lines.every((line) => line.length === 99)).toBe(true)
  expect(read()).toBeUndefined()
  places = {}
  writeFileSync(file, `${'\0'.repeat(4096)}half\nwhole\n`)
  expect(read()).toMatchObject({ lines: ['whole'], skipped: 4096 })
})
