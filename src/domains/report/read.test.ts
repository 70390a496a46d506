import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { findReports, readReport } from './read.ts'
import { readInProcess } from './reader-client.ts'
import { numberOf } from './xml.ts'
import type {
  BillOfMaterials,
  ReportedFinding,
  LineCoverage,
  ReportedMeasurement,
  Sink,
  TestCase,
} from './report.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-report-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function read(text: string | Buffer) {
  const file = join(folder, 'report')
  await writeFile(file, text)
  const tests: TestCase[] = []
  const hits: LineCoverage[] = []
  const problems: ReportedFinding[] = []
  const measured: ReportedMeasurement[] = []
  const materials: BillOfMaterials[] = []
  const sink: Sink = {
    test: (one) => void tests.push(one),
    coverage: (one) => void hits.push(one),
    finding: (one) => void problems.push(one),
    measurement: (one) => void measured.push(one),
    materials: (one) => void materials.push(one),
  }
  const { name: format } = await readReport(file, sink)
  return {
    format,
    tests,
    hits: Object.fromEntries(hits.map((one) => [one.file, Object.fromEntries(one.hits)])),
    problems,
    measured,
    materials,
  }
}
const brief = (tests: TestCase[]): string[] =>
  tests.map(({ suite, name, outcome }) => `${outcome} ${suite} > ${name}`)

describe('tests', () => {
  test('reads pytest: a collection error, a failure with its text, a skip', async () => {
    const { format, tests } =
      await read(`<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest" errors="1" failures="1" skipped="1" tests="4" time="0.046">
      <testcase classname="" name="tests.test_broken" time="0.000"><error message="collection failure">ImportError: no module</error></testcase>
      <testcase classname="tests.test_a" name="test_ok[1-2]" time="0.001" />
      <testcase classname="tests.test_a" name="test_bad" time="0.002"><failure message="assert 1 == 2">def test_bad():
&gt;       assert 1 == 2</failure></testcase>
      <testcase classname="tests.test_a" name="test_skip" time="0.000"><skipped type="pytest.skip" message="not today">a.py:3: not today</skipped></testcase>
    </testsuite></testsuites>`)
    expect(format).toBe('JUnit')
    expect(brief(tests)).toEqual([
      'errored pytest tests › pytest > tests.test_broken',
      'passed tests.test_a > test_ok[1-2]',
      'failed tests.test_a > test_bad',
      'skipped tests.test_a > test_skip',
    ])
    expect(tests[2]).toMatchObject({
      seconds: 0.002,
      message: 'assert 1 == 2\ndef test_bad():\n>       assert 1 == 2',
    })
  })

  test('reads Surefire: thousands separators, a flaky test, output that is not a failure message', async () => {
    const { tests } =
      await read(`<testsuite xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" name="com.shop.CartTest" time="1,234.5" tests="2">
      <properties><property name="a" value="b"/></properties>
      <testcase name="adds" classname="com.shop.CartTest" time="1,200.25"><system-out><![CDATA[<not a tag>]]></system-out></testcase>
      <testcase name="sometimes" classname="com.shop.CartTest" time="NaN"><flakyFailure message="first" type="x">at Cart</flakyFailure></testcase>
    </testsuite>`)
    expect(brief(tests)).toEqual([
      'passed com.shop.CartTest > adds',
      'passed com.shop.CartTest > sometimes',
    ])
    expect(tests.map(({ seconds, message }) => [seconds, message])).toEqual([
      [1200.25, null],
      [null, null],
    ])
  })

  test('reads nested suites without class names, and a suite that fails by itself', async () => {
    const { tests } =
      await read(`<testsuites><testsuite name="outer"><testsuite name="inner"><testcase name="a"><failure/></testcase></testsuite>
      <testsuite name="setup"><error message="no database"/></testsuite></testsuite></testsuites>`)
    expect(brief(tests)).toEqual(['failed outer › inner > a', 'errored outer › setup > setup'])
    expect(tests[1]?.message).toBe('no database')
  })

  test('reads TAP: a plan, subtests, directives and a diagnosis', async () => {
    const { format, tests } = await read(`TAP version 14
# Subtest: cart
    # Subtest: adds
    ok 1 - adds
      ---
      duration_ms: 12
      ...
    not ok 2 - removes
      ---
      error: 'still there'
      ...
    1..2
not ok 1 - cart
ok 2 - later # SKIP no network
not ok 3 - some day # TODO
ok
1..4
`)
    expect(format).toBe('TAP')
    expect(brief(tests)).toEqual([
      'passed cart > adds',
      'failed cart > removes',
      'skipped  > later',
      'skipped  > some day',
      'passed  > 16',
    ])
    expect(tests[0]?.seconds).toBe(0.012)
    expect(tests[1]?.message).toContain('still there')
  })

  test('reads any generated JUnit report back, regardless of how it is split into chunks', async () => {
    const name = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
      .filter((text) => /^[\P{C}]+$/u.test(text) && text.trim() === text)
    const escape = (text: string): string =>
      text.replace(/[<&"]/g, (one) => `&#${one.charCodeAt(0)};`)
    const one = fc.record({
      name,
      outcome: fc.constantFrom('passed', 'failed', 'errored', 'skipped'),
      seconds: fc.nat(1000),
    })
    const inside = {
      passed: '',
      failed: '<failure message="x"/>',
      errored: '<error>y</error>',
      skipped: '<skipped/>',
    }
    await fc.assert(
      fc.asyncProperty(fc.array(one, { maxLength: 50 }), async (wanted) => {
        const cases = wanted.map(
          (test) =>
            `<testcase classname="c" name="${escape(test.name)}" time="${test.seconds}">${inside[test.outcome as keyof typeof inside]}</testcase>`,
        )
        const { tests } = await read(`<testsuite name="s">${cases.join('\n')}</testsuite>`)
        expect(
          tests.map(({ name: called, outcome, seconds }) => ({ name: called, outcome, seconds })),
        ).toEqual(wanted)
      }),
      { numRuns: 40 },
    )
  })
})

describe('coverage', () => {
  test('reads LCOV, Cobertura, JaCoCo and Go cover profiles', async () => {
    expect(await read('TN:\nSF:src/a.ts\nDA:1,2\nDA:2,0\nLF:2\nend_of_record\n')).toMatchObject({
      format: 'LCOV',
      hits: { 'src/a.ts': { 1: 2, 2: 0 } },
    })
    const cobertura = `<?xml version="1.0" ?><!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd"><coverage line-rate="0.5"><packages><package name="p"><classes>
      <class name="a" filename="shop/a.py"><methods><method name="m"><lines><line number="1" hits="9"/></lines></method></methods><lines><line number="1" hits="1"/><line number="3" hits="0"/></lines></class></classes></package></packages></coverage>`
    expect(await read(cobertura)).toMatchObject({
      format: 'Cobertura',
      hits: { 'shop/a.py': { 1: 1, 3: 0 } },
    })
    const jacoco = `<?xml version="1.0"?><!DOCTYPE report PUBLIC "-//JACOCO//DTD Report 1.1//EN" "report.dtd"><report name="shop"><package name="com/shop"><class name="com/shop/Cart"/><sourcefile name="Cart.java"><line nr="7" mi="0" ci="3" mb="0" cb="0"/><line nr="9" mi="2" ci="0"/></sourcefile></package></report>`
    expect(await read(jacoco)).toMatchObject({
      format: 'JaCoCo',
      hits: { 'com/shop/Cart.java': { 7: 3, 9: 0 } },
    })
    expect(
      await read(
        'mode: set\nexample.com/shop/cart.go:3.20,5.2 1 1\nexample.com/shop/cart.go:5.2,6.3 1 0\n',
      ),
    ).toMatchObject({
      format: 'Go cover',
      hits: { 'example.com/shop/cart.go': { 3: 1, 4: 1, 5: 1, 6: 0 } },
    })
  })
})

test.each([
  ['1', 1],
  ['0.', 0],
  ['1e3', 1000],
  ['0,123', 0.123],
  ['1,5', 1.5],
  ['0,500000', 0.5],
  ['1,234.567', 1234.567],
  ['1.234,567', 1234.567],
  ['1.234.567,8', 1234567.8],
  ['1,234,567', 1234567],
  ['1,234', null],
  ['1,23,4', null],
  ['12,34.5', null],
  ['2.5s', null],
  ['-1', null],
  ['NaN', null],
  ['', null],
  [undefined, null],
])('reads the number %s as %s', (text, value) => expect(numberOf(text)).toBe(value))

test('recognises a report behind a long comment or a long list', async () => {
  const long = 'x '.repeat(20_000)
  const xml = `<?xml version="1.0"?>\n<!-- <coverage ${long} -->\n<testsuite><testcase name="a"/>`
  expect((await read(`${xml}</testsuite>`)).format).toBe('JUnit')
  expect((await read(`${long.replaceAll(' ', '\n')}\n1..1\nok 1\n`)).format).toBe('TAP')
  const properties = { properties: { long }, version: '2.1.0' }
  const results = [{ tool: { driver: { name: 'a' } }, results: [] }]
  expect((await read(JSON.stringify({ ...properties, runs: results }))).format).toBe('SARIF')
  await expect(read(`<!-- ${long}`)).rejects.toThrow('has none of the supported formats')
  await expect(read(`{${' '.repeat(1_200_000)}`)).rejects.toThrow('has none of the supported')
})

test('refuses a SARIF run that failed or did not report results', async () => {
  const tool = { driver: { name: 'scan' } }
  const message = { text: 'Out of memory.' }
  const failed = {
    executionSuccessful: false,
    toolExecutionNotifications: [{ level: 'error', message }],
  }
  const unready = {
    executionSuccessful: false,
    toolConfigurationNotifications: [{ message: { text: 'No rules.' } }],
  }
  const refusals = [
    [
      [{ tool, results: [], invocations: [failed] }],
      'states that scan did not complete: Out of memory.',
    ],
    [
      [{ tool, results: [], invocations: [unready] }],
      'states that scan did not complete: No rules.',
    ],
    [
      [{ tool, results: null }],
      'has no results of scan, not even an empty list: the tool did not run',
    ],
    [[{ tool }], 'has no results of scan, not even an empty list: the tool did not run'],
    [[], 'has no run of a tool'],
  ] as const
  for (const [runs, reason] of refusals)
    await expect(read(JSON.stringify({ version: '2.1.0', runs }))).rejects.toThrow(reason)
  const { problems } = await read(
    JSON.stringify({ runs: [{ tool, results: [], invocations: [{ executionSuccessful: true }] }] }),
  )
  expect(problems).toEqual([])
})

test('reads SARIF: levels from rules, without suppressed results', async () => {
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'scan',
            rules: [
              {
                id: 'sql',
                defaultConfiguration: { level: 'error' },
                properties: { 'security-severity': '8.1' },
              },
            ],
          },
        },
        results: [
          {
            ruleId: 'sql',
            message: { text: 'a query of text' },
            locations: [
              {
                physicalLocation: {
                  artifactLocation: { uri: 'src/a.ts' },
                  region: { startLine: 4 },
                },
              },
            ],
          },
          { ruleId: 'style', message: { text: 'long' } },
          { ruleId: 'sql', message: { text: 'known' }, suppressions: [{ kind: 'inSource' }] },
          { ruleId: 'sql', kind: 'pass', message: { text: 'fine' } },
        ],
      },
    ],
  }
  const { format, problems } = await read(JSON.stringify(log))
  expect(format).toBe('SARIF')
  expect(problems).toEqual([
    {
      tool: 'scan',
      rule: 'sql',
      level: 'error',
      severity: 'high',
      message: 'a query of text',
      file: 'src/a.ts',
      line: 4,
    },
    {
      tool: 'scan',
      rule: 'style',
      level: 'warning',
      severity: null,
      message: 'long',
      file: null,
      line: null,
    },
  ])
})

describe('go test -json', () => {
  const lines = (...events: object[]): string =>
    events.map((event) => JSON.stringify(event)).join('\n')
  const of = (Action: string, Test?: string, more: object = {}) => ({
    Time: '2026-11-24T00:00:00Z',
    Action,
    Package: 'example.com/shop',
    ...(Test ? { Test } : {}),
    ...more,
  })

  test('reads tests with their output and ignores other lines', async () => {
    const { format, tests } = await read(
      `${lines(of('start'), of('run', 'TestAdd'), of('output', 'TestAdd', { Output: '    cart_test.go:7: no\n' }), of('fail', 'TestAdd', { Elapsed: 0.2 }), of('skip', 'TestLater', { Elapsed: 0 }))}\nwarning: something\n${lines(of('pass', 'TestFine', { Elapsed: 0.1 }), of('fail', undefined, { Elapsed: 0.3 }))}`,
    )
    expect(format).toBe('go test -json')
    expect(brief(tests)).toEqual([
      'failed example.com/shop > TestAdd',
      'skipped example.com/shop > TestLater',
      'passed example.com/shop > TestFine',
    ])
    expect(tests[0]).toMatchObject({ seconds: 0.2, message: 'cart_test.go:7: no' })
  })

  test('reports a package that does not compile as an errored test and refuses an interrupted run', async () => {
    const { tests } = await read(
      lines(of('start'), of('output', undefined, { Output: 'FAIL [build failed]' }), of('fail')),
    )
    expect(tests).toMatchObject([
      { outcome: 'errored', name: 'the package', message: 'FAIL [build failed]' },
    ])
    await expect(read(lines(of('start'), of('run', 'TestAdd')))).rejects.toThrow(
      'ends before package example.com/shop',
    )
    await expect(read(`${lines(of('start'))}\n{"Action":`)).rejects.toThrow('not valid JSON')
  })
})

test('reads the plain line that Go before 1.24 prints for a broken package', async () => {
  const { tests } = await read(`# example.com/broken
FAIL\texample.com/broken [setup failed]
FAIL\texample.com/built [build failed]
{"Action":"pass","Package":"example.com/ok","Test":"TestA","Elapsed":0}
{"Action":"pass","Package":"example.com/ok","Elapsed":0.1}
{"Action":"fail","Package":"example.com/built","Elapsed":0}
`)
  expect(brief(tests)).toEqual([
    'passed example.com/ok > TestA',
    'errored example.com/built > the package',
    'errored example.com/broken > the package',
  ])
})

describe('an invalid report is refused', () => {
  test.each([
    ['is cut off', '<testsuite><testcase name="a"/>\n<testcase', 'is truncated', 2],
    ['is cut off between tags', '<testsuite><testcase name="a"/>\n', 'is truncated', 2],
    [
      'has tags that do not match',
      '<testsuite>\n\n</testcase></testsuite>',
      'is not well-formed XML: unexpected close tag.',
      3,
    ],
    [
      'expands entities',
      '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>\n<testsuite name="&b;"/>',
      'is not well-formed XML: undefined entity',
      2,
    ],
    [
      'reads files',
      '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><testsuite>&a;</testsuite>',
      'is not well-formed XML: undefined entity',
      1,
    ],
    ['is empty', '  \n', 'is empty', null],
    [
      'is something else',
      '{"a": 1}',
      'has none of the supported formats: autocannon, Cobertura, CycloneDX, Go benchmarks, Go cover, go test -json, hyperfine, JaCoCo, JMH, JUnit, k6, LCOV, npm audit, pytest-benchmark, SARIF, TAP',
      null,
    ],
    [
      'has fewer tests than it plans',
      '1..3\nok 1\nok 2\n',
      'plans 3 tests but has 2: it was interrupted',
      null,
    ],
    ['bails out', 'TAP version 13\nok 1\nBail out! no database\n', 'was aborted: no database', 3],
    [
      'is in no known encoding',
      '<?xml version="1.0" encoding="klingon"?><testsuite/>',
      'has an unknown encoding: klingon',
      null,
    ],
    ['is not whole JSON', '{"version": "2.1.0", "runs": [', 'is not valid JSON', null],
    [
      'has no such line',
      'SF:a\nDA:x,1\n',
      'has a `DA:` line that is not `DA:<line>,<hits>` of a file',
      2,
    ],
  ])('because it %s', async (_name, text, problem, line) => {
    const error = await read(text).then(
      () => null,
      (thrown: unknown) => thrown,
    )
    expect(error).toMatchObject({ name: 'ReportProblem', line })
    expect((error as Error).message).toContain(problem)
  })

  test('because its bytes do not match its encoding; other encodings are read', async () => {
    await expect(read(Buffer.from('<testsuite name="caf\xe9"/>', 'latin1'))).rejects.toThrow(
      'is not valid utf-8',
    )
    const latin = await read(
      Buffer.from(
        '<?xml version="1.0" encoding="ISO-8859-1"?><testsuite><testcase name="caf\xe9"/></testsuite>',
        'latin1',
      ),
    )
    expect(latin.tests[0]?.name).toBe('café')
    const wide = await read(
      Buffer.from('\uFEFF<testsuite><testcase name="ü"/></testsuite>', 'utf16le'),
    )
    expect(wide.tests[0]?.name).toBe('ü')
  })
})

describe('findReports', () => {
  test('returns files that this attempt wrote inside the workspace', async () => {
    await mkdir(join(folder, 'a/reports'), { recursive: true })
    for (const name of ['a/reports/1.xml', 'a/reports/2.xml', 'a/old.xml', 'a/b.txt'])
      await writeFile(join(folder, name), 'x')
    await utimes(join(folder, 'a/old.xml'), 1, 1)
    const where = { workspace: folder, since: Date.now() - 60_000 }
    const patterns = ['**/*.xml', 'reports/1.xml', 'old.xml', 'none/*.xml']
    const { files, unmatched } = await findReports(join(folder, 'a'), patterns, where)
    expect(files.map((file) => file.slice(folder.length))).toEqual([
      '/a/reports/1.xml',
      '/a/reports/2.xml',
    ])
    expect(unmatched).toEqual(['old.xml', 'none/*.xml'])
    await symlink('/etc/hostname', join(folder, 'a/reports/3.xml'))
    await expect(findReports(join(folder, 'a'), ['reports/*'], where)).rejects.toThrow(
      'is outside the workspace: reports/3.xml',
    )
  })
})

test('coverage of paths that several files match is left out, and named', async () => {
  const files = ['a/cart.ts', 'b/cart.ts', 'shop.ts']
  const paths = ['cart.ts', 'shop.ts', 'cart.ts', 'lib.ts']
  const lcov = paths.map((path) => `SF:${path}\nDA:1,1\nend_of_record\n`)
  await writeFile(join(folder, 'lcov.info'), lcov.join(''))
  const found: string[] = []
  const place = { folder, workspace: folder, since: 0 }
  await readInProcess({ ...place, files, patterns: ['lcov.info'] }, async (message) => {
    if (message.kind === 'coverage') found.push(message.file)
    if (message.kind === 'note') found.push(message.sentence)
  })
  expect(found).toEqual([
    'coverage of cart.ts in the report lcov.info is left out: several files match',
    'shop.ts',
  ])
})
