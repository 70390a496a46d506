import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formats } from './formats.generated.ts'
import { plausible } from './plausible.ts'
import { detectFormat, readReport } from './read.ts'
import { ReportProblem, type Sink, type Topic } from './report.ts'
import { processorMs } from '../../../test/support/processor-time.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-format-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** Reads a report and returns its format and which topics it had entries for. */
async function read(content: string | Buffer): Promise<{ format: string; topics: Set<Topic> }> {
  const file = join(folder, 'report')
  await writeFile(file, content)
  const topics = new Set<Topic>()
  const sink: Sink = {
    test: () => void topics.add('tests'),
    coverage: () => void topics.add('coverage'),
    finding: () => void topics.add('findings'),
    measurement: () => void topics.add('measurements'),
    materials: () => void topics.add('materials'),
  }
  const format = await readReport(file, sink)
  return { format: format.name, topics }
}

const silent: Sink = {
  test: () => undefined,
  coverage: () => undefined,
  finding: () => undefined,
  measurement: () => undefined,
  materials: () => undefined,
}

/** Replaces parts of a text with other parts of it and with texts that parsers find difficult. */
function variationOf(text: string): fc.Arbitrary<string> {
  const place = fc.nat(text.length)
  const part = fc.tuple(place, place).map(([a, b]) => text.slice(Math.min(a, b), Math.max(a, b)))
  const difficult = ['', '-1', '1e999', 'NaN', 'null', '[]', '{}', '"', '<', '&', '\0', '\uD800']
  const other = fc.oneof(part, fc.constantFrom(...difficult), fc.string({ unit: 'binary' }))
  const edit = fc.tuple(place, fc.nat(20), other)
  return fc
    .array(edit, { minLength: 1, maxLength: 5 })
    .map((edits) =>
      edits.reduce(
        (all, [from, length, insert]) => all.slice(0, from) + insert + all.slice(from + length),
        text,
      ),
    )
}

test('names are unique', () => {
  expect(new Set(formats.map(({ name }) => name)).size).toBe(formats.length)
})

describe.each(formats.map((format) => [format.name, format] as const))('%s', (_name, format) => {
  test('reads its example and finds an entry for each of its topics', async () => {
    const { format: found, topics } = await read(format.example)
    expect(found).toBe(format.name)
    expect([...topics]).toEqual(expect.arrayContaining(format.topics))
  })

  test('is the only format that claims its example', () => {
    expect(formats.filter((one) => one.detect(format.example)).map(({ name }) => name)).toEqual([
      format.name,
    ])
    expect(detectFormat(format.example)).toBe(format)
  })

  test('reads its example after a byte order mark and with Windows line ends', async () => {
    expect((await read(`\uFEFF${format.example}`)).format).toBe(format.name)
    expect((await read(format.example.replaceAll('\n', '\r\n'))).format).toBe(format.name)
  })

  test('reads or refuses every prefix of its example, with a ReportProblem only', async () => {
    const step = Math.max(1, Math.floor(format.example.length / 40))
    for (let length = 0; length < format.example.length; length += step) {
      const outcome = await read(format.example.slice(0, length)).catch((error: unknown) => error)
      if (outcome instanceof Error) expect(outcome).toBeInstanceOf(ReportProblem)
    }
  })

  test('reads or refuses any variation of its example, with a ReportProblem only', () => {
    fc.assert(
      fc.property(variationOf(format.example), fc.integer({ min: 1, max: 50 }), (text, size) => {
        const parser = format.parser(plausible(silent))
        try {
          for (let at = 0; at < text.length; at += size) parser.write(text.slice(at, at + size))
          parser.end()
        } catch (error) {
          expect(error).toBeInstanceOf(ReportProblem)
        }
      }),
    )
  })

  test('refuses bytes that are not UTF-8', async () => {
    const bytes = Buffer.concat([Buffer.from(format.example), Buffer.from([0xc3, 0x28])])
    await expect(read(bytes)).rejects.toThrow('is not valid utf-8')
  })

  test('survives an example that is filled with nonsense', async () => {
    const noisy = format.example.replaceAll(/\d+/g, '999999999999999999999')
    const outcome = await read(noisy).catch((error: unknown) => error)
    if (outcome instanceof Error) expect(outcome).toBeInstanceOf(ReportProblem)
  })
})

describe('a report that took seconds', () => {
  test.each([
    ['TAP with many spaces', `1..1\n${`ok 1${' '.repeat(1990)}\u2028x\n`.repeat(8)}`],
    ['TAP with many times', `1..1\nok 1${' # time=1'.repeat(240)}\n`],
    ['TAP with deep subtests', `1..0\n${`${' '.repeat(1900)}ok 1 - x\n`.repeat(1000)}`],
    [
      'Go blocks of many lines',
      `mode: set\n${['a', 'b', 'c'].map((file) => `${file}:1.1,12000000.1 1 1\n`).join('')}`,
    ],
    ['Go benchmarks with long names', `Benchmark${'-1'.repeat(900)} 1 ${'1 a '.repeat(200)}\n`],
  ])('is read or refused at once: %s', async (_name, text) => {
    const begun = processorMs()
    await read(text).catch((error: unknown) => expect(error).toBeInstanceOf(ReportProblem))
    expect(processorMs() - begun).toBeLessThan(200)
  })
})
