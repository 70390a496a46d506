import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test, vi } from 'vitest'
import { pack } from '#platform/oci/oci.ts'
import { openUnpacked, type UnpackedArtifacts } from './unpacked.ts'

const top = mkdtempSync(join(tmpdir(), 'fairlead-unpacked-'))
afterAll(() => rmSync(top, { recursive: true }))

const layout = join(top, 'layout')
let root: string
let used: Set<string>
let artifact: string
beforeEach(async () => {
  root = mkdtempSync(join(top, 'test-'))
  used = new Set()
  mkdirSync(join(root, 'files'))
  writeFileSync(join(root, 'files/a'), root)
  const files = { folder: join(root, 'files'), include: ['.'], exclude: [], annotations: {} }
  artifact = (await pack({ layout, ...files })).digest
})

const folder = (): string => join(root, 'unpacked')
const open = (isShared: boolean, boot: string | null = 'one'): UnpackedArtifacts =>
  openUnpacked({ folder: folder(), isShared, boot, keepFree: 0, isUsed: (one) => used.has(one) })
const provide = (artifacts: UnpackedArtifacts, release: string): Promise<string> =>
  artifacts.provide({ layout, artifact }, join(root, 'releases', release))

test('releases share an artifact until the last one is removed', async () => {
  const artifacts = open(true)
  used.add(artifact)
  const found = await Promise.all(['1', '2', '3'].map((release) => provide(artifacts, release)))
  expect(new Set(found).size).toBe(1)
  expect(readFileSync(join(found[0] ?? '', 'a'), 'utf8')).toBe(root)
  expect(existsSync(join(root, 'releases'))).toBe(false)
  await artifacts.discard(artifact)
  expect(existsSync(found[0] ?? '')).toBe(true)
  used.clear()
  await artifacts.discard(artifact)
  await artifacts.discard(artifact)
  await vi.waitFor(() => expect(readdirSync(folder())).toEqual([]))
})

const marker = (): string => join(folder(), `${artifact.slice(7)}.trust`)

test('files that were not synced are unpacked again after a loss of power', async () => {
  const files = join(await provide(open(true), '1'), 'a')
  await vi.waitFor(() => expect(readFileSync(marker(), 'utf8')).toBe('durable'))
  writeFileSync(files, '')
  await provide(open(true, 'two'), '1')
  expect(readFileSync(files, 'utf8')).toBe('')
  writeFileSync(marker(), 'one 1')
  await provide(open(true), '1')
  expect(readFileSync(files, 'utf8')).toBe('')
  await provide(open(true, 'two'), '1')
  expect(readFileSync(files, 'utf8')).toBe(root)
})

test('files are synced first where the start of the machine is unknown', async () => {
  await provide(open(true, null), '1')
  expect(readFileSync(marker(), 'utf8')).toBe('durable')
})

test('each release has files of its own where a service could change them', async () => {
  const artifacts = open(false)
  const one = await provide(artifacts, '1')
  const other = await provide(artifacts, '2')
  writeFileSync(join(one, 'a'), 'changed')
  expect(readFileSync(join(other, 'a'), 'utf8')).toBe(root)
})

test('a release keeps the files of its own that it has', async () => {
  const own = await provide(open(false), '1')
  expect(await provide(open(true), '1')).toBe(own)
})

test('a sweep deletes what no release uses, and a removal that was interrupted', async () => {
  const artifacts = open(true)
  const [unused, kept] = [await provide(artifacts, '1'), `sha256:${'a'.repeat(64)}`]
  used.add(kept)
  for (const name of [kept.slice(7), '.removed-1', '.4711.tmp']) mkdirSync(join(folder(), name))
  await artifacts.sweep()
  expect(existsSync(unused)).toBe(false)
  const left = readdirSync(folder()).filter((name) => !name.endsWith('.draft'))
  expect(left.toSorted()).toEqual(['.4711.tmp', kept.slice(7)])
})

test('an invalid digest names no folder outside', async () => {
  const outside = { layout, artifact: 'sha256:../files' }
  await expect(open(true).provide(outside, join(root, 'releases/1'))).rejects.toThrow(
    'not a digest',
  )
})
