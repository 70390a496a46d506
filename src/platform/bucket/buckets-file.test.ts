import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readBucketsFile } from './buckets-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'fairlead-buckets-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const path = join(folder, 'buckets.yaml')

const read = (text: string): unknown => {
  writeFileSync(path, text, { mode: 0o600 })
  return readBucketsFile(path)
}
const keys = 'accessKey: a, secretKey: hush'

test('a bucket has defaults', () => {
  expect(read(`site: {endpoint: "https://s3.example.com", bucket: shop, ${keys}}`)).toEqual({
    site: {
      ...{ endpoint: 'https://s3.example.com', bucket: 'shop', accessKey: 'a', secretKey: 'hush' },
      ...{ region: 'us-east-1', addressing: 'path' },
    },
  })
  expect(read('')).toEqual({})
})

test.each([
  [`site: {bucket: shop, ${keys}}`, '`site.endpoint`'],
  [`site: {endpoint: "ftp://x", bucket: shop, ${keys}}`, '`site.endpoint`'],
  [`site: {endpoint: "https://x.org", bucket: shop, ${keys}, colour: red}`, 'colour'],
  ['site: [', 'not YAML at line 1'],
])('%s is refused, and its values are not shown', (text, problem) => {
  expect(() => read(text)).toThrow(problem)
  expect(() => read(text)).toThrow(path)
  expect(() => read(text)).not.toThrow('hush')
})

test('a file that others can read, or that does not exist, is refused', () => {
  read('{}')
  chmodSync(path, 0o644)
  expect(() => readBucketsFile(path)).toThrow('chmod 600')
  expect(() => readBucketsFile(join(folder, 'none'))).toThrow('does not exist')
})
