import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createPaths, fileOf, type FindPath } from './paths.ts'
import { readReport } from './read.ts'
import type { BillOfMaterials, ReportedFinding, LineCoverage, TestCase } from './report.ts'
import { processorMs } from '../../../test/support/processor-time.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-producers-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function read(text: string) {
  const file = join(folder, 'report')
  await writeFile(file, text)
  const [tests, hits, problems, materials] = [
    [] as TestCase[],
    [] as LineCoverage[],
    [] as ReportedFinding[],
    [] as BillOfMaterials[],
  ]
  const { name } = await readReport(file, {
    test: (one) => void tests.push(one),
    coverage: (one) => void hits.push(one),
    finding: (one) => void problems.push(one),
    measurement: () => undefined,
    materials: (one) => void materials.push(one),
  })
  return { name, tests, hits, problems, materials }
}
const brief = (tests: TestCase[]): string[] =>
  tests.map(({ suite, name, outcome }) => `${outcome} ${suite} > ${name}`)

describe('tests', () => {
  test('GoogleTest and CTest: a test that did not run is skipped', async () => {
    const { tests } = await read(`<testsuites><testsuite name="Cart" tests="4" disabled="1">
      <testcase name="Adds" status="run" result="completed" time="0." classname="Cart" />
      <testcase name="DISABLED_Removes" status="notrun" result="suppressed" time="0." classname="Cart" />
      <testcase name="slow" classname="slow" time="0" status="disabled"><system-out>Disabled</system-out></testcase>
      <testcase name="Bad" status="run" classname="Cart"><failure message="a.cc:5&#x0A;x" type=""/><failure message="second"/></testcase>
    </testsuite></testsuites>`)
    expect(brief(tests)).toEqual([
      'passed Cart > Adds',
      'skipped Cart > DISABLED_Removes',
      'skipped slow > slow',
      'failed Cart > Bad',
    ])
  })

  test('Surefire: a test that passed on a rerun is marked as retried; one that never passed fails once', async () => {
    const { tests } = await read(`<testsuite name="com.shop.CartTest" tests="2">
      <testcase name="sometimes" classname="com.shop.CartTest"><flakyFailure message="first" type="x"><stackTrace>at Cart</stackTrace></flakyFailure></testcase>
      <testcase name="never" classname="com.shop.CartTest"><failure message="no" type="x">at Cart</failure><rerunFailure message="again" type="x"/></testcase>
    </testsuite>`)
    expect(tests.map(({ outcome, retried = false }) => [outcome, retried])).toEqual([
      ['passed', true],
      ['failed', false],
    ])
  })

  test('JUnit: unknown elements are ignored', async () => {
    const { tests } = await read(
      '<testsuite name="a"><testcase name="b"><constructor/><toString/></testcase></testsuite>',
    )
    expect(brief(tests)).toEqual(['passed a > b'])
  })

  test('prove: several files with their plans, each named by its file', async () => {
    const { tests } = await read(
      `t/cart.t ...
1..2
ok 1 - adds
not ok 2 - removes
#   Failed test 'removes'
Failed 1/2 subtests
t/shop.t ...
# Subtest: open
    ok 1 - door
    1..1
ok 1 - open
1..1
ok
`.replace(/\nok\n$/, '\n'),
    )
    expect(brief(tests)).toEqual([
      'passed t/cart.t > adds',
      'failed t/cart.t > removes',
      'passed t/shop.t › open > door',
    ])
  })

  test('TAP: a summary that failed without a failed subtest is reported', async () => {
    const { tests } = await read(`TAP version 13
# Subtest: cart
    ok 1 - adds
    not ok 2 - inner
    ok 3 - after # SKIP not now
    1..3
not ok 1 - cart
# Subtest: teardown
    ok 1 - door
    1..1
not ok 2 - teardown
1..2
`)
    expect(brief(tests)).toEqual([
      'passed cart > adds',
      'failed cart > inner',
      'skipped cart > after',
      'passed teardown > door',
      'failed  > teardown',
    ])
  })

  test('Vitest and node-tap: subtests in braces after their summary, and durations in names', async () => {
    const { tests } = await read(`TAP version 13
1..1
not ok 1 - a.test.ts # time=10.70ms {
    1..2
    not ok 1 - cart # time=8.31ms {
        1..2
        ok 1 - adds # time=1.72ms
        not ok 2 - removes # time=5.84ms
            ---
            at: "a.test.ts:2:72"
            ...
    }
    not ok 2 - setup # time=1ms {
        1..1
        ok 1 - opens # SKIP
    }
}
`)
    expect(brief(tests)).toEqual([
      'passed a.test.ts › cart > adds',
      'failed a.test.ts › cart > removes',
      'skipped a.test.ts › setup > opens',
      'failed a.test.ts > setup',
    ])
    expect(tests.map(({ seconds }) => seconds)).toEqual([0.00172, 0.00584, null, 0.001])
    expect(tests[1]?.message).toContain('a.test.ts:2:72')
  })

  test('Go: why a package was not built, and an interrupted package before Go 1.20', async () => {
    const built =
      await read(`{"ImportPath":"shop [shop.test]","Action":"build-output","Output":"./a.go:3: undefined: x\\n"}
{"ImportPath":"shop [shop.test]","Action":"build-fail"}
{"Action":"start","Package":"shop"}
{"Action":"output","Package":"shop","Output":"FAIL\\tshop [build failed]\\n"}
{"Action":"fail","Package":"shop","Elapsed":0,"FailedBuild":"shop [shop.test]"}
`)
    expect(built.tests[0]?.message).toBe('./a.go:3: undefined: x\nFAIL\tshop [build failed]')
    const cut =
      '{"Action":"run","Package":"shop","Test":"TestA"}\n{"Action":"pass","Package":"shop","Test":"TestA"}\n'
    await expect(read(cut)).rejects.toThrow('ends before package shop')
  })
})

test('Cobertura: files are relative to the source folders of the report', async () => {
  const { hits } =
    await read(`<?xml version="1.0" ?><coverage line-rate="0.5"><sources><source>/srv/space/src/a</source><source>/srv/space/src/b</source></sources>
    <packages><package name="."><classes><class name="__init__.py" filename="__init__.py"><methods/><lines><line number="1" hits="1"/></lines></class>
    <class name="cart.py" filename="cart.py"><lines><line number="1" hits="0"/></lines></class></classes></package></packages></coverage>`)
  const files = [
    'src/a/__init__.py',
    'test/__init__.py',
    'test/cart.py',
    'src/b/cart.py',
    'cart.py',
  ]
  const find = createPaths(files, ['/srv/space'])
  const pathOf = (...given: Parameters<FindPath>): string | null => fileOf(find(...given))
  expect(hits.map(({ file, folders }) => pathOf(file, folders))).toEqual([
    'src/a/__init__.py',
    'src/b/cart.py',
  ])
  expect(pathOf('cart.py', ['.'])).toBe('cart.py')
  expect(pathOf('cart.py', ['/app/src/b'])).toBe('src/b/cart.py')
  expect(pathOf('cart.py', ['/srv/space/src/b', '/srv/space/test'])).toBe('cart.py')
})

test('LCOV: a negative count does not mean that a line was reached', async () => {
  const { hits } = await read('SF:a.c\nDA:1,-5\nDA:2,3\nend_of_record\n')
  expect([...(hits[0]?.hits ?? [])]).toEqual([
    [1, 0],
    [2, 3],
  ])
})

describe('SARIF', () => {
  const results = (...given: object[]) =>
    JSON.stringify({
      version: '2.1.0',
      runs: [
        {
          tool: {
            driver: {
              name: 'scan',
              rules: [{ id: 'CA1000', messageStrings: { usual: { text: "'{0}' in {{braces}}" } } }],
            },
            extensions: [
              {
                name: 'pack',
                rules: [
                  {
                    id: 'js/sql',
                    defaultConfiguration: { level: 'error' },
                    properties: { 'security-severity': '8.8' },
                  },
                ],
              },
            ],
          },
          artifacts: [{ location: { uri: 'src/the%20cart.js' } }],
          results: given,
        },
      ],
    })
  const message = { text: 'm' }

  test('uses the rules of extensions and their message templates', async () => {
    const { problems } = await read(
      results(
        { ruleId: 'js/sql', rule: { index: 0, toolComponent: { index: 0 } }, message },
        { ruleId: 'js/sql', message },
        {
          ruleId: 'CA1000/1',
          message: { id: 'usual', arguments: ['x'] },
          locations: [
            { physicalLocation: { artifactLocation: { index: 0 }, region: { startLine: 3 } } },
          ],
        },
      ),
    )
    expect(problems).toMatchObject([
      { rule: 'js/sql', level: 'error', severity: 'high' },
      { rule: 'js/sql', level: 'error', severity: 'high' },
      {
        rule: 'CA1000/1',
        level: 'warning',
        message: "'x' in {braces}",
        file: 'src/the cart.js',
        line: 3,
      },
    ])
  })

  test('leaves out passed, absent and suppressed results', async () => {
    const { problems } = await read(
      results(
        { ruleId: 'gone', baselineState: 'absent', message },
        { ruleId: 'fine', kind: 'pass', message },
        { ruleId: 'note', kind: 'informational', message },
        { ruleId: 'look', kind: 'review', level: 'note', message },
        { ruleId: 'accepted', suppressions: [{ kind: 'external', status: 'accepted' }], message },
        { ruleId: 'silent', suppressions: [{ kind: 'inSource' }], message },
        { ruleId: 'rejected', suppressions: [{ kind: 'external', status: 'rejected' }], message },
        { ruleId: 'new', baselineState: 'new', suppressions: [], message },
      ),
    )
    expect(problems.map(({ rule, level }) => `${rule} ${level}`)).toEqual([
      'look note',
      'rejected warning',
      'new warning',
    ])
  })
})

test('CycloneDX: nested components are counted', async () => {
  const { materials } = await read(
    '{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"library","name":"a","components":[{"type":"library","name":"b"}]},{"type":"library","name":"c"}]}',
  )
  expect(materials[0]?.components).toBe(3)
})

describe('is refused quickly with one sentence:', () => {
  const sarif = (line: number): string =>
    `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"x"}},"results":[{"message":{"text":"m"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"a.js"},"region":{"startLine":${line}}}}]}]}]}`
  test.each([
    [
      'a line beyond all',
      'SF:a.js\nDA:99999999999,1\nend_of_record\n',
      'names line 99999999999 of a.js',
    ],
    [
      'half a line',
      '<coverage><classes><class filename="a.js"><lines><line number="1.5" hits="1"/></lines></class></classes></coverage>',
      'names line 1.5 of a.js',
    ],
    ['a finding beyond all lines', sarif(1e12), 'names line 1000000000000 of a.js'],
    [
      'a time beyond all',
      '<testsuite><testcase name="b" time="1e308"/></testsuite>',
      'states that b took 1e+308 seconds',
    ],
    [
      'a sum beyond all',
      '{"results":[{"command":"a","mean":1e308,"times":[1e308,1e308]}]}',
      'has values for a that are too large to compare',
    ],
    [
      'an endless block',
      'mode: set\na/b.go:1.1,999999999.1 1 1\n',
      'has blocks with too many lines',
    ],
    [
      'endless suites',
      '<testsuite name="a">'.repeat(100_000),
      'is nested more than 500 levels deep',
    ],
    [
      'an endless bill',
      `{"bomFormat":"CycloneDX","specVersion":"1.5","x":${'['.repeat(200_000)}${']'.repeat(200_000)}}`,
      'is nested more than 200 levels deep',
    ],
    [
      "another tool's numbers",
      '{"errors":[],"metrics":{"_totals":{"loc":3}},"results":[]}',
      'has none of the supported formats',
    ],
    ['a plan that never comes', 'TAP version 13\nok 1 - a\n', 'has no plan'],
    [
      'a number as a name',
      '{"Action":"pass","Package":5,"Test":"a"}\n',
      'has a line that is not a go test event',
    ],
    [
      'a line that costs',
      `1..1\nok 1 - x${' '.repeat(900_000)}y\nok 2\n`,
      'plans 1 tests but has 2',
    ],
    [
      'a benchmark that costs',
      `BenchmarkA 1 5 ns/op\nBenchmarkB 1 ${'1'.repeat(900_000)}\n${'x'.repeat(1_000_001)}`,
      'one million',
    ],
  ])('%s', async (_what, text, problem) => {
    const begun = processorMs()
    await expect(read(text)).rejects.toThrow(problem)
    expect(processorMs() - begun).toBeLessThan(2000)
  })
})
