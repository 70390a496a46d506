import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sql } from '#platform/postgres/sql.ts'
import { endedRun, push } from './support/app.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { makeRepository, type Repository } from './support/repository.ts'
import { waitFor } from './support/wait.ts'
import { testDatabase } from './support/postgres.ts'
import { isLong, longDescribe, longTest } from './support/scale.ts'

const pipeline = `
steps:
  test:
    run: sh test.sh
    reports: [out/*.xml, lcov.info, '*.sarif']
    retry: 0
services:
  web:
    run: exec node -e 'require("http").createServer((_, a) => a.end()).listen(process.env.PORT)'
    health: /
environments: {production: {}}
`
/** Writes reports of these tests, as `name outcome`. */
const suite = (tests: string[], exit = 0): string => `mkdir -p out
cat > out/a.xml <<'X'
<testsuite name="shop">${tests
  .map((one) => one.split(' '))
  .map(
    ([name, outcome]) =>
      `<testcase classname="cart" name="${name}" time="0.5">${outcome === 'failed' ? '<failure message="boom"/>' : ''}</testcase>`,
  )
  .join('')}</testsuite>
X
printf 'SF:cart.js\\nDA:1,1\\nDA:2,0\\nDA:3,0\\nend_of_record\\n' > lcov.info
cat > scan.sarif <<'X'
{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"scan"}},"results":[{"ruleId":"sql","level":"error","message":{"text":"text in a query"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"cart.js"},"region":{"startLine":2}}}]}]}]}
X
exit ${exit}
`

describe('the reports of a run', () => {
  let installation: Installation
  let repository: Repository
  beforeAll(async () => {
    installation = await startInstallation()
    repository = await makeRepository({
      'fairlead.yaml': pipeline,
      'test.sh': suite(['adds passed', 'removes passed']),
      'cart.js': 'a\nb\nc\n',
    })
    await push(installation, 'shop', repository)
  })
  afterAll(async () => {
    await installation.stop()
    await repository.remove()
  })
  const deliver = async (files: Record<string, string>): Promise<number> => {
    await repository.commit(files)
    await push(installation, 'shop', repository)
    return (await installation.client.listRuns({ query: { app: 'shop' } })).runs[0]?.id ?? 0
  }

  test('are stored: tests, coverage, findings', async () => {
    expect(await endedRun(installation, 1)).toMatchObject({ state: 'succeeded' })
    const report = await installation.client.getReport({ params: { run: 1 } })
    expect(report).toMatchObject({
      tests: {
        total: 2,
        passed: 2,
        failed: 0,
        errored: 0,
        skipped: 0,
        broken: 0,
        quarantined: 0,
        seconds: 1,
      },
      // The first change brought every line.
      coverage: { total: { lines: 3, covered: 1 }, changed: { lines: 3, covered: 1 } },
      findings: { error: 1, warning: 0, note: 0, fresh: null },
      measurements: null,
      materials: null,
      base: { run: null, sha: null },
    })
  })

  test('stop a change with failed tests, even if its command passed, new failures first', async () => {
    const run = await deliver({
      'test.sh': suite(['adds failed', 'removes passed', 'new passed']),
      'cart.js': 'a\nB\nc\nd\n',
    })
    const ended = await endedRun(installation, run)
    expect(ended).toMatchObject({
      state: 'failed',
      reason: 'step test failed: 1 of 3 tests failed: adds',
    })
    const { tests } = await installation.client.listTests({ params: { run }, query: {} })
    expect(tests.map(({ name, outcome, before }) => [name, outcome, before])).toEqual([
      ['adds', 'failed', 'passed'],
      ['removes', 'passed', 'passed'],
      ['new', 'passed', null],
    ])
    expect(tests[0]?.message).toBe('boom')
    const report = await installation.client.getReport({ params: { run } })
    expect(report.tests).toMatchObject({ broken: 1 })
    expect(report.coverage?.changed).toEqual({ lines: 1, covered: 0 })
    const { files } = await installation.client.listCoverage({ params: { run } })
    expect(files).toEqual([
      {
        file: 'cart.js',
        lines: 3,
        covered: 1,
        missed: [2, 3],
        changed: { lines: 1, covered: 0, missed: [2], reached: [] },
      },
    ])
    const { findings } = await installation.client.listFindings({ params: { run } })
    expect(findings).toMatchObject([
      { rule: 'sql', level: 'error', file: 'cart.js', line: 2, isNew: false },
    ])
    const shown = await installation.cli('tests', String(run))
    expect(shown.code).toBe(1)
    expect(shown.stdout).toContain('3 tests: 2 passed, 1 failed (1 that did not before), 0 skipped')
    expect((await installation.cli('coverage', String(run))).stdout).toContain(
      'missed of the change: 2',
    )
    expect((await installation.cli('findings', String(run))).stdout).toContain('cart.js:2')
  })

  test('identify a flaky test that passed and failed on the same commit', async () => {
    const again = `if [ -e "$HOME/once" ]; then { ${suite(['adds passed']).replace(/exit 0\n$/, '')}\n}; else touch "$HOME/once"\n${suite(['adds failed'])} fi\n`
    const run = await deliver({ 'test.sh': again })
    expect(await endedRun(installation, run)).toMatchObject({ state: 'failed' })
    const retried = await installation.client.retryRun({ params: { run } })
    expect((await endedRun(installation, retried.id)).reason).toBe(null)
    const { tests } = await installation.client.listTests({
      params: { run: retried.id },
      query: {},
    })
    expect(tests[0]).toMatchObject({
      outcome: 'passed',
      before: 'failed',
      flaky: { commits: 1, of: 3 },
    })
    expect((await installation.cli('tests', String(retried.id))).stdout).toContain(
      'flaky in 1 of 3 commits',
    )
  })

  longTest('identify a flaky test that its runner ran again', async () => {
    const flaky =
      '<testsuite><testcase classname="cart" name="waits"><flakyFailure message="late"/></testcase></testsuite>'
    const run = await deliver({ 'test.sh': suite([]).replace(/<testsuite .*<\/testsuite>/, flaky) })
    expect((await endedRun(installation, run)).reason).toBe(null)
    const { tests } = await installation.client.listTests({ params: { run }, query: {} })
    expect(tests).toMatchObject([
      { name: 'waits', outcome: 'passed', flaky: { commits: 1, of: 1 } },
    ])
  })

  const broken = [
    ['is missing', 'exit 0\n', 'no report matches `out/*.xml`, `lcov.info`, `*.sarif`'],
    [
      'is cut off',
      'mkdir out; printf "<testsuite>\\n<testcase" > out/a.xml\n',
      'the report out/a.xml is truncated (line 2)',
    ],
    [
      'leads nowhere',
      'mkdir out; ln -s nowhere out/a.xml\n',
      'a report is a broken link: out/a.xml',
    ],
    [
      'speaks of a line that no file has',
      suite([]).replace('DA:1,1', 'DA:99999999999,1'),
      'the report lcov.info names line 99999999999 of cart.js, which cannot exist',
    ],
    [
      'leads elsewhere',
      'mkdir out; ln -s /etc/hostname out/a.xml\n',
      'a report is outside the workspace: out/a.xml',
    ],
  ] as const
  // `src/domains/report` tests the sentences.
  test.each(isLong ? broken : broken.slice(0, 2))(
    'fail the step when one %s, with a sentence',
    async (_what, script, reason) => {
      const run = await deliver({ 'test.sh': script })
      expect((await endedRun(installation, run)).reason).toBe(`step test failed: ${reason}`)
    },
  )

  test('explain why a step failed, with or without time to read its reports', async () => {
    const early = await deliver({ 'test.sh': 'exit 3\n' })
    expect((await endedRun(installation, early)).reason).toMatch(
      /^step test failed: [^;]*exit[^;]* 3$/,
    )
    const late = await deliver({ 'test.sh': suite(['adds failed'], 1) })
    expect((await endedRun(installation, late)).reason).toMatch(
      /^step test failed: [^;]*exit[^;]* 1; 1 of 1 tests failed: adds$/,
    )
  })

  test('are unknown, not good, when they contain no test', async () => {
    const run = await deliver({
      'fairlead.yaml': `${pipeline}gates: {green: tests.failed == 0}\n`,
      'test.sh': suite([]).replace('cart.js', 'dist/other.js'),
    })
    const { reason, steps } = await endedRun(installation, run)
    expect(reason).toBe('gate green: no step of this run has a report with tests')
    expect(steps[0]).toMatchObject({
      state: 'passed',
      reason:
        'its reports contain no test; ' +
        'the report lcov.info covers no file of the repository, but, for example, dist/other.js',
    })
    const report = await installation.client.getReport({ params: { run } })
    expect(report).toMatchObject({ tests: null, coverage: null })
  })

  longTest('do not call a test flaky because its name occurs twice', async () => {
    const run = await deliver({
      'fairlead.yaml': pipeline,
      'test.sh': suite(['twice failed', 'twice passed']),
    })
    expect((await endedRun(installation, run)).state).toBe('failed')
    const { tests } = await installation.client.listTests({ params: { run }, query: {} })
    expect(tests.map(({ flaky }) => flaky)).toEqual([
      { commits: 0, of: 1 },
      { commits: 0, of: 1 },
    ])
  })

  longTest('belong to one attempt: a step repeated after a crash counts once', async () => {
    // The first attempt never ends by itself.
    const begun = 'if [ ! -e "$HOME/hung" ]; then touch "$HOME/hung" written; sleep 600; fi'
    const slow = `${suite(['adds passed']).replace(/exit 0\n$/, '')}\n${begun}\n`
    const run = await deliver({ 'test.sh': slow })
    const written = join(installation.home, 'runs', String(run), 'workspace/written')
    await waitFor('the first attempt has written its reports', async () => existsSync(written))
    await installation.killServer()
    await installation.start()
    const ended = await endedRun(installation, run)
    expect(ended.reason).toBe(null)
    expect(ended.steps[0]?.attempt).toBe(2)
    expect((await installation.client.getReport({ params: { run } })).tests).toMatchObject({
      total: 1,
      passed: 1,
    })
  })

  test('are part of the schema for editors', () => {
    expect(
      readFileSync(new URL('../schema/fairlead.schema.json', import.meta.url), 'utf8'),
    ).toContain('"reports"')
  })
})

longDescribe('a server that is killed while it reads reports', () => {
  test('reads them again, and counts each once', async () => {
    const database = await testDatabase()
    const { host, user, database: name } = database.connection
    const url = `postgres://${user}@localhost/${name}?host=${encodeURIComponent(host)}`
    const installation = await startInstallation({ env: { DATABASE_URL: url } })
    const tests = 30_000
    // The third crash would suspend the workflow.
    const kills = 2
    const script = `const { writeFileSync } = require('node:fs')
const cases = Array.from({ length: ${tests} }, (_, i) =>
  '<testcase name="t' + i + '" time="0.001">' +
  (i % 1000 === 0 ? '<failure message="no"/>' : '') + '</testcase>')
writeFileSync('all.xml', '<testsuite name="s">' + cases.join('') + '</testsuite>')
writeFileSync('lcov.info', 'SF:write.js\\nDA:1,1\\nDA:2,0\\nend_of_record\\n')
`
    const yaml = `steps: {test: {run: node write.js, reports: [all.xml, lcov.info]}}\nservices: {web: {run: 'true'}}\nenvironments: {production: {}}\n`
    const repository = await makeRepository({ 'fairlead.yaml': yaml, 'write.js': script })
    try {
      await push(installation, 'big', repository)
      for (let attempt = 1; attempt <= kills; attempt += 1) {
        const least = ((attempt - 1) * tests) / kills
        const kept = async (): Promise<number> => {
          const rows = await database.db.query<{ count: number }>(
            sql`select count(*)::int as count from test_result where attempt = ${attempt}`,
          )
          return rows[0]?.count ?? 0
        }
        const begun = sql`select 1 from step where attempt >= ${attempt}`
        await waitFor(`attempt ${attempt} has kept ${least} tests`, async () =>
          least === 0 ? (await database.db.query(begun)).length > 0 : (await kept()) >= least,
        )
        await installation.killServer()
        expect(await kept()).toBeLessThan(tests)
        await installation.start()
      }
      const run = await endedRun(installation, 1)
      expect(run.reason).toBe(
        'step test failed: 30 of 30000 tests failed: t0, t1000, t2000, and 27 more',
      )
      expect(run.steps[0]?.attempt).toBe(kills + 1)
      const report = await installation.client.getReport({ params: { run: 1 } })
      expect(report.tests).toMatchObject({ total: tests, passed: tests - 30, failed: 30 })
      expect(report.coverage).toMatchObject({ total: { lines: 2, covered: 1 } })
    } finally {
      await installation.stop()
      await repository.remove()
      await database.close()
    }
  })
})
