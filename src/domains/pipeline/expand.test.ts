import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { expandPipeline, expandSteps } from './expand.ts'
import { targets } from '#domains/deployment/targets.generated.ts'
import { readPipelineFile } from './file.ts'
import { filesOfPart } from './split.ts'
import { processorMs } from '../../../test/support/processor-time.ts'

function pipeline(text: string) {
  const read = readPipelineFile(text, { file: 'fairlead.yaml', defaultApp: 'a', targets })
  if (!read.ok) throw new Error(read.problems.map(({ problem }) => problem).join('; '))
  return read.pipeline
}
const problems = (text: string): string[] => {
  const read = readPipelineFile(text, { file: 'fairlead.yaml', defaultApp: 'a', targets })
  return read.ok ? [] : read.problems.map(({ line, problem }) => `${line} ${problem}`)
}

describe('a matrix', () => {
  test('expands to a step per combination, and a step that needs it needs all of them', () => {
    const { steps } = pipeline(`steps:
  build: make
  test: {run: make test, matrix: {NODE: [20, "22.1"], DB: pg}}
  lint: {run: make lint, needs: build}
  pack: {run: make pack, needs: [test, lint]}`)
    const all = expandSteps(steps)
    expect(all.map(({ name, step }) => [name, step.needs])).toEqual([
      ['build', []],
      ['test-20-pg', ['build']],
      ['test-22-1-pg', ['build']],
      ['lint', ['build']],
      ['pack', ['test-20-pg', 'test-22-1-pg', 'lint']],
    ])
    expect(all[2]?.step.env).toEqual({ NODE: '22.1', DB: 'pg' })
    expect(all[2]?.origin).toBe('test')
  })

  test('substitutes its variables in the names of reports', () => {
    const { steps } = pipeline(
      'steps: {t: {run: x, matrix: {DB: pg}, split: {into: 2}, reports: ["${DB}/$FAIRLEAD_PART-*.xml", "$FAIRLEAD_PART$OTHER"]}}',
    )
    expect(expandSteps(steps).map(({ step }) => step.reports)).toEqual([
      ['pg/1-*.xml', '1$OTHER'],
      ['pg/2-*.xml', '2$OTHER'],
    ])
  })

  test('can list its combinations and can be split', () => {
    const { steps } = pipeline(
      'steps: {test: {run: x, matrix: [{A: 1}, {A: 2, B: y}], split: {into: 2}}}',
    )
    expect(Object.keys(expandPipeline(pipeline('steps: {test: x}')).steps)).toEqual(['test'])
    expect(expandSteps(steps).map(({ name, step }) => [name, step.env])).toEqual([
      ['test-1-1', { A: '1', FAIRLEAD_PART: '1', FAIRLEAD_PARTS: '2' }],
      ['test-1-2', { A: '1', FAIRLEAD_PART: '2', FAIRLEAD_PARTS: '2' }],
      ['test-2-y-1', { A: '2', B: 'y', FAIRLEAD_PART: '1', FAIRLEAD_PARTS: '2' }],
      ['test-2-y-2', { A: '2', B: 'y', FAIRLEAD_PART: '2', FAIRLEAD_PARTS: '2' }],
    ])
  })

  test.each([
    [
      'two of the same name',
      'steps: {test: {run: x, matrix: {A: [a.b, a-b]}}}',
      '1 two steps would have the name `test-a-b`',
    ],
    [
      'one of a name that is taken',
      'steps: {test-1: x, test: {run: x, matrix: {A: 1}}}',
      '1 two steps would have the name `test-1`',
    ],
    [
      'too many',
      'steps: {t: {run: x, matrix: {A: [1,2,3,4,5,6,7,8,9,10], B: [1,2,3,4,5,6,7,8,9,10], C: [1,2,3]}}}',
      '1 the file expands to 300 steps; the limit is 200',
    ],
    [
      'a long name',
      'steps: {t: {run: x, matrix: {A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}}}',
      '1 `t-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` is longer than 40 characters',
    ],
    ['no values', 'steps: {t: {run: x, matrix: {A: []}}}', '1 '],
  ])('that makes %s is refused', (_what, text, problem) =>
    expect(problems(text)[0]).toContain(problem),
  )

  const repeat = (count: number, one: (i: number) => string): string =>
    Array.from({ length: count }, (_, i) => one(i)).join()
  const sixtyFour = `[${repeat(64, String)}]`
  test.each([
    [
      'a matrix of 64⁵ combinations',
      `steps: {t: {run: x, matrix: {${repeat(5, (i) => `A${i}: ${sixtyFour}`)}}}}`,
      '1 the file expands to 1073741824 steps; the limit is 200',
    ],
    [
      'a matrix of 64³⁰ combinations through aliases',
      `steps: {t: {run: x, matrix: {A: &a ${sixtyFour}, ${repeat(29, (i) => `A${i}: *a`)}}}}`,
      '1 the file expands to 1.5',
    ],
    [
      'a list of combinations with parts',
      `steps: {t: {run: x, split: {into: 50}, matrix: [${repeat(64, (i) => `{A: ${i}}`)}]}}`,
      '1 the file expands to 3200 steps; the limit is 200',
    ],
    [
      'many steps with a few parts each',
      `steps: {${repeat(150, (i) => `s${i}: {run: x, split: {into: 2}}`)}}`,
      '1 the file expands to 300 steps; the limit is 200',
    ],
    [
      'reports that repeat a long value',
      `steps: {t: {run: x, split: {into: 2},
        matrix: {A: ['${'!'.repeat(50_000)}']},
        reports: [${repeat(125, (i) => `'${'$A'.repeat(400)}${i}$FAIRLEAD_PART'`)}]}}`,
      'the file expands to 4781 MB; the limit is 16 MB',
    ],
    [
      'aliases of aliases',
      `steps: {t: {run: x, env: {A: &a [x,x,x,x,x,x,x,x], B: &b [${'*a,'.repeat(5)}],
        C: &c [${'*b,'.repeat(5)}], D: &d [${'*c,'.repeat(5)}], E: &e [${'*d,'.repeat(5)}]}}}`,
      '1 the YAML aliases expand to too much text',
    ],
  ])('%s is refused within a second', (_what, text, problem) => {
    const started = processorMs()
    expect(problems(text)[0]).toContain(problem)
    expect(processorMs() - started).toBeLessThan(1000)
  })

  test('a step that is named many times in `needs` is needed once', () => {
    const { steps } = pipeline('steps: {a: {run: x, split: {into: 2}}, b: {run: x, needs: [a, a]}}')
    expect(expandSteps(steps)[2]?.step.needs).toEqual(['a-1', 'a-2'])
  })

  test.each([
    ['steps: {t: {run: x, services: {db: {image: postgres}}}}', 'has an `image` but no `port`'],
    ['steps: {t: {run: x, services: {db: {}}}}', 'must have either `run` or `image`'],
    [
      'steps: {t: {run: x, split: {files: a, into: 2}, reports: [a-*.xml]}}',
      'each would read the reports of the others',
    ],
    ['steps: {t: {run: x, outputs: dist}}', 'has `outputs` but no `inputs`'],
    ['steps: {t: {run: x, when: never}}', 'push'],
  ])('%s', (text, problem) => expect(problems(text).join()).toContain(problem))
})

describe('parts of a step', () => {
  const past = (file: string, seconds: number) => ({ file, suite: '', seconds })

  test('take about the same time', () => {
    const times = [past('a', 10), past('b', 6), past('c', 5), past('d', 1)]
    expect([1, 2].map((part) => filesOfPart(['a', 'b', 'c', 'd'], times, part, 2))).toEqual([
      ['a', 'd'],
      ['b', 'c'],
    ])
  })

  test('match a file by its path, module or class', () => {
    const files = ['tests/test_a.py', 'src/test/java/com/shop/CartTest.java', 'test/x.test.ts']
    const times = [
      { file: null, suite: 'tests.test_a', seconds: 100 },
      { file: null, suite: 'com.shop.CartTest', seconds: 60 },
      { file: './test/x.test.ts', suite: '', seconds: 50 },
    ]
    expect(filesOfPart(files, times, 1, 2)).toEqual(['tests/test_a.py'])
    expect(filesOfPart(files, times, 2, 2)).toEqual([
      'src/test/java/com/shop/CartTest.java',
      'test/x.test.ts',
    ])
  })

  test('property: each file is in one part, and no part is empty while another has two', () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[a-f/]{1,6}$/), { maxLength: 30 })
    fc.assert(
      fc.property(
        names,
        fc.array(
          fc.tuple(
            fc.stringMatching(/^[a-f/]{1,6}$/),
            fc.double({ min: 0, max: 100, noNaN: true }),
          ),
        ),
        fc.integer({ min: 2, max: 6 }),
        (files, times, into) => {
          const known = times.map(([file, seconds]) => past(file, seconds))
          const parts = Array.from({ length: into }, (_, index) =>
            filesOfPart(files, known, index + 1, into),
          )
          expect(parts.flat().toSorted()).toEqual(files.toSorted())
          expect(parts).toEqual(
            Array.from({ length: into }, (_, index) =>
              filesOfPart(files.toReversed(), known, index + 1, into),
            ),
          )
        },
      ),
    )
  })
})
