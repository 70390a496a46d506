import { describe, expect, test } from 'vitest'
import { detectFormat } from './read.ts'
import type { Sink, TestCase } from './report.ts'

/** Reads a report, and returns its tests as `outcome suite > name`. */
function read(text: string): string[] {
  const tests: TestCase[] = []
  const sink: Sink = {
    test: (one) => void tests.push(one),
    coverage: () => undefined,
    finding: () => undefined,
    measurement: () => undefined,
    materials: () => undefined,
  }
  const parser = detectFormat(text)?.parser(sink)
  parser?.write(text)
  parser?.end()
  return tests.map(({ suite, name, outcome }) => `${outcome} ${suite} > ${name}`)
}

const invocation = (more: object): string =>
  JSON.stringify({
    runs: [{ tool: { driver: { name: 'scan' } }, results: [], invocations: [more] }],
  })

describe('a report that does not contain what it declares is refused', () => {
  test.each([
    [
      'JUnit: failures without test cases',
      '<testsuite name="legacy" tests="12" failures="3" errors="0" time="4.2"/>',
      'states that the suite legacy has 3 failures, but lists 0',
    ],
    [
      'JUnit: a suite that Jest could not run',
      `<testsuites name="jest tests" tests="1" failures="0" errors="1">
        <testsuite name="cart" tests="1" failures="0" errors="0"><testcase name="adds"/></testsuite>
        <testsuite name="checkout" tests="0" failures="0" errors="1" time="0"/></testsuites>`,
      'states that the suite checkout has 1 failure, but lists 0',
    ],
    [
      'JUnit: an error that only the sum of all suites states',
      '<testsuites errors="1"><testsuite name="a"><testcase name="b"/></testsuite></testsuites>',
      'states that a suite has 1 failure, but lists 0',
    ],
    [
      'JUnit: tests without test cases',
      '<testsuite name="a" tests="2"/>',
      'states that the suite a has 2 tests, but lists none',
    ],
    ['TAP: fewer tests than planned', '1..3\nok 1\n', 'plans 3 tests but has 1'],
    [
      'TAP: fewer subtests than planned',
      '# Subtest: a\n    ok 1 - b\n    1..2\nok 1 - a\n1..1\n',
      'plans 2 subtests but has 1',
    ],
    [
      'TAP: subtests in braces',
      'ok 1 - a {\n    1..2\n    ok 1 - b\n}\n1..1\n',
      'plans 2 subtests but has 1',
    ],
    [
      'TAP: two files whose plans only agree together',
      'a.t ..\n1..2\nok 1\nFailed 1/2 subtests\nb.t ..\n1..1\nok 1\nok 2\n',
      'plans 2 tests but has 1',
    ],
    [
      'TAP: prove saw a failure',
      'a.t ..\n1..1\nok 1 - a\nDubious, test returned 1 (wstat 256, 0x100)\nResult: FAIL\n',
      'states `Result: FAIL`, but lists no failed test',
    ],
    [
      'SARIF: the tool could not be started',
      invocation({ processStartFailureMessage: 'No such file.' }),
      'states that scan did not complete: No such file.',
    ],
    ['SARIF: exit code', invocation({ exitCode: 137 }), 'states that scan did not complete'],
    ['SARIF: signal', invocation({ exitSignalName: 'SIGKILL' }), 'states that scan did not'],
    [
      'npm audit: a number of vulnerabilities',
      '{"auditReportVersion":2,"vulnerabilities":{},"metadata":{"vulnerabilities":{"total":2}}}',
      'states 2 vulnerabilities, but lists 0',
    ],
    [
      'LCOV: lines of a file',
      'SF:a\nLF:4\nLH:4\nend_of_record\n',
      'states that a has 4 lines, but lists none',
    ],
    [
      'Cobertura: lines of all files',
      '<coverage line-rate="1" lines-valid="9" lines-covered="9"><packages/></coverage>',
      'states 9 executable lines, but lists none',
    ],
    [
      'JaCoCo: lines of all files',
      '<report name="a"><package name="b"/><counter type="LINE" missed="0" covered="9"/></report>',
      'states numbers of executable lines, but lists no line',
    ],
  ])('%s', (_name, text, problem) => expect(() => read(text)).toThrow(problem))
})

describe('a report that contains what it declares is read', () => {
  test.each([
    [
      'pytest counts subtests, and an error when a fixture ends',
      `<testsuite name="pytest" errors="1" failures="2" tests="14">
        <testcase classname="a" name="sub"><failure/><failure/></testcase>
        <testcase classname="a" name="down"><error/></testcase></testsuite>`,
      ['failed a > sub', 'errored a > down'],
    ],
    [
      'Catch2 counts assertions',
      '<testsuite name="all" errors="0" failures="0" tests="9"><testcase name="a"/></testsuite>',
      ['passed all > a'],
    ],
    [
      'an older Mocha declares a failure twice',
      `<testsuite name="m" tests="1" failures="1" errors="1"><testcase name="a"><failure/>
        </testcase></testsuite>`,
      ['failed m > a'],
    ],
    [
      'Surefire lists a failure before a rerun that passed',
      '<testsuite failures="1"><testcase name="a"><flakyFailure/></testcase></testsuite>',
      ['passed  > a'],
    ],
    ['all tests of a suite are skipped', '<testsuite name="a" tests="2" skipped="2"/>', []],
    [
      'an outcome is only an attribute',
      '<testsuite name="s"><testcase name="a" status="failed"/></testsuite>',
      ['failed s > a'],
    ],
    ['a JUnit report is empty', '<testsuites/>', []],
    ['a TAP report is skipped', '1..0 # SKIP no network\n', []],
    [
      'prove -v adds its result after each file',
      `t/a.t ..
1..1
ok 1 - a
ok
[10:00:00] t/b.t ..
ok 1
not ok 2 - b
1..2
Failed 1/2 subtests
t/c.t ..
ok
1..1
ok       15 ms ( 0.00 usr  0.00 sys)
All tests successful.
Result: FAIL
`,
      ['passed t/a.t > a', 'passed t/b.t > 6', 'failed t/b.t > b', 'passed t/c.t > 11'],
    ],
    [
      'a YAML block of TAP looks like tests',
      '1..1\nnot ok 1 - a\n    ---\n    1..4\n    ok 2 - b\n    ...\n',
      ['failed  > a'],
    ],
    [
      'a subtest of TAP failed after it planned more',
      '# Subtest: a\n    1..2\n    not ok 1 - b\nnot ok 1 - a\n1..1\n',
      ['failed a > b'],
    ],
  ])('%s', (_name, text, tests) => expect(read(text)).toEqual(tests))

  test('a Go test that did not end before its package is an error', () => {
    const event = (Action: string, Test?: string): string =>
      JSON.stringify({ Action, Package: 'p', ...(Test === undefined ? {} : { Test }) })
    const events = [event('run', 'TestA'), event('run', 'BenchmarkB'), event('pass')]
    expect(read(events.join('\n'))).toEqual(['errored p > TestA'])
  })
})
