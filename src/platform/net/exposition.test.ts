import fc from 'fast-check'
import { expect, test } from 'vitest'
import { processorMs } from '../../../test/support/processor-time.ts'
import { parseExposition, parseSelector } from './exposition.ts'
import corpus from './openmetrics-corpus.json' with { type: 'json' }

const cases = Object.entries(corpus.cases)
const samplesIn = (text: string): string[] =>
  text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))

/** What is read although OpenMetrics refuses the text. */
const accepted = [
  // The text format of Prometheus permits more space, and a comma at the end.
  ...['bad_blank_line', 'bad_value_1', 'bad_value_2', 'bad_value_3'],
  'bad_missing_or_extra_commas_2',
  // Exemplars are not read.
  ...['bad_exemplar', 'bad_exemplars_'],
  // Each line is read by itself, whatever the types, the order and the end of the text are.
  ...['bad_counter_values_', 'bad_grouping_or_ordering_', 'bad_histograms_'],
  ...['bad_info_and_stateset_values_', 'bad_stateset_info_values_', 'bad_metadata_in_wrong_place_'],
  ...['bad_missing_or_invalid_labels_for_a_type_', 'bad_text_after_eof_'],
]

test('reads only numbers from any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (said) => {
      for (const { value } of parseExposition(said)) expect(value).not.toBeNaN()
    }),
  )
})

test('reads a long line, valid or not, in time proportional to its length', () => {
  const manyLabels = Array.from({ length: 20_000 }, (_, i) => `a${i}="b",`).join('')
  const begun = processorMs()
  expect(parseExposition(`m{${'a'.repeat(80_000)}} 1\nm{a="${'\\\\'.repeat(40_000)}} 1\n`)).toEqual(
    [],
  )
  expect(parseExposition(`m{${manyLabels}} 1`)).toHaveLength(1)
  expect(parseExposition('m 1\n'.repeat(600_000))).toEqual([])
  expect(processorMs() - begun).toBeLessThan(200)
})

test('reads every sample of the corpus of OpenMetrics', () => {
  for (const [name, { text }] of cases.filter(([, { isValid }]) => isValid)) {
    const points = parseExposition(text)
    const samples = samplesIn(text).filter((line) => !line.endsWith(' NaN'))
    expect(points, name).toHaveLength(samples.length)
    for (const [i, { name: metric, value }] of points.entries()) {
      expect(samples[i]?.startsWith(metric), name).toBe(true)
      expect(samples[i], name).toMatch(Number.isFinite(value) ? / [-+.\deE]+/ : /Inf/i)
    }
  }
})

test('reads no invalid sample of the corpus of OpenMetrics', () => {
  const refused = cases.filter(
    ([name, { isValid }]) => !isValid && !accepted.some((beginning) => name.startsWith(beginning)),
  )
  expect(refused.length).toBeGreaterThan(60)
  for (const [name, { text }] of refused) expect(parseExposition(text), name).toEqual([])
})

test.each([
  ['a 1 1.5', 1],
  ['a\t-1e3', -1000],
  ['a .5', 0.5],
  ['a +Inf', Infinity],
  ['a{b="c" , d="e"} 2 # {t="x"} 1', 2],
  ['a{b="}#"} 3', 3],
])('reads %j', (line, value) => {
  expect(parseExposition(line)).toMatchObject([{ name: 'a', value }])
})

test.each(['a 0x1', 'a 0b1', 'a 0o1', 'a 1_000', 'a 1 z', 'a 1 2 3', 'a{b="1"c="2"} 1'])(
  'skips %j',
  (line) => expect(parseExposition(line)).toEqual([]),
)

test('a selector with a label twice or without a comma selects nothing', () => {
  expect(parseSelector('a{b="1",b="2"}').labels).toBeNull()
  expect(parseSelector('a{b="1"c="2"}').labels).toBeNull()
  expect(parseSelector('a{b="1", c="2",}').labels).toEqual({ b: '1', c: '2' })
})
