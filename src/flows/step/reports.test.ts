import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readReports, type ReportsResult, withReports } from './reports.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-reports-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const read = (
  pattern: string,
  limits = { memory: 512, seconds: 60 },
  signal?: AbortSignal,
): Promise<ReportsResult> =>
  readReports(
    {
      patterns: [pattern],
      folder,
      workspace: folder,
      since: 0,
      quarantined: new Set(['b › known']),
      masks: ['hunter2hunter2'],
      limits,
      ...(signal ? { signal } : {}),
    },
    null,
  )

test('counts the tests of all reports, and names the first problem without secrets', async () => {
  const tests = ['bad', 'known', 'fine'].map(
    (name) =>
      `<testcase classname="b" name="${name}">${name === 'fine' ? '' : '<failure/>'}</testcase>`,
  )
  await writeFile(join(folder, 'a.xml'), `<testsuite>${tests.join('')}</testsuite>`)
  await writeFile(join(folder, 'hunter2hunter2.xml'), '<testsuite>')
  expect(await read('*.xml')).toEqual({
    problem: 'the report ***.xml is truncated (line 1)',
    total: 3,
    hasTests: true,
    failed: 1,
    quarantined: 1,
    names: ['bad'],
    unmatched: [],
    notes: [],
  })
  expect((await read('{a.xml,*.tap}')).unmatched).toEqual([])
  expect((await read('*.tap')).problem).toBe('no report matches `*.tap`')
})

test('reports without a test are unknown: the step says so', async () => {
  await writeFile(join(folder, 'a.xml'), '<testsuites/>')
  const empty = await read('*.xml')
  expect(empty).toMatchObject({ problem: null, total: 0, hasTests: true })
  expect(withReports({ passed: true, exitCode: 0, reason: null }, empty)).toEqual({
    passed: true,
    reason: 'its reports contain no test',
  })
})

test('reports that take too long fail with a reason, and the server keeps working', async () => {
  const tests = '<testcase classname="a" name="b"/>'.repeat(1_000_000)
  await writeFile(join(folder, 'large.xml'), `<testsuite>${tests}</testsuite>`)
  let [last, longest] = [performance.now(), 0]
  const beat = setInterval(() => {
    longest = Math.max(longest, performance.now() - last)
    last = performance.now()
  }, 10)
  const { problem } = await read('large.xml', { memory: 512, seconds: 0.5 })
  clearInterval(beat)
  expect(problem).toMatch(/^reading the reports? .*took longer than 0.5 seconds$/)
  expect(longest).toBeLessThan(400)
})

test('a report that needs too much memory fails with a reason', async () => {
  await writeFile(
    join(folder, 'a.sarif'),
    `{"version":"2.1.0","runs":[${'[],'.repeat(3_000_000)}[]]}`,
  )
  const { problem } = await read('*.sarif', { memory: 48, seconds: 60 })
  expect(problem).toBe('reading the report a.sarif needed more than 48 MB of memory')
})

test('patterns with too many alternatives are refused', async () => {
  expect((await read('{a,b}'.repeat(16))).problem).toMatch(/^a report cannot be found: the braces/)
})

test('stops when the step is cancelled', async () => {
  const tests = '<testcase classname="a" name="b"/>'.repeat(1_000_000)
  await writeFile(join(folder, 'large.xml'), `<testsuite>${tests}</testsuite>`)
  const signal = AbortSignal.timeout(200)
  await expect(read('large.xml', undefined, signal)).rejects.toThrow(/aborted/i)
})
