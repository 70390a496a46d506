import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  formatLine,
  joinLines,
  logFile,
  numberAtStart,
  parseLine,
  type StoredLine,
} from './step-log.ts'

const line = fc.record<StoredLine>({
  n: fc.integer({ min: 1, max: 2 ** 40 }),
  time: fc.integer({ min: 0, max: 2 ** 45 }),
  stream: fc.constantFrom('out', 'err', 'fairlead'),
  text: fc.string({ unit: 'binary' }),
})

describe('the log of a step', () => {
  test('has one file for each attempt', () => {
    expect(logFile('/runs/7/log', 'test.db', 2)).toBe('/runs/7/log/test.db/2.jsonl')
  })

  test('reads every line as it was written', () => {
    fc.assert(
      fc.property(line, (one) => {
        const written = formatLine(one)
        expect(written.indexOf('\n')).toBe(written.length - 1)
        expect(parseLine(written)).toEqual(one)
        expect(numberAtStart(Buffer.from(written))).toBe(one.n)
      }),
    )
  })

  test.each(['', '{"n":1,"ti', 'null', '{"n":"1","text":"a"}', '{"n":1}', '[1]'])(
    'refuses %o',
    (text) => expect(parseLine(text)).toBeNull(),
  )

  test('finds no number in the middle of a line', () => {
    expect(numberAtStart(Buffer.from('"n":1,"time":2'))).toBeNull()
  })
})

test('pieces with the same number are one line, which is open until its last piece', () => {
  const piece = (n: number, text: string, open?: true): StoredLine => ({
    ...{ n, time: n, stream: 'out', text },
    ...(open ? { open } : {}),
  })
  const pieces = [piece(1, 'a'), piece(2, '.', true), piece(2, '.', true), piece(2, ' done')]
  expect(pieces.map((one) => parseLine(formatLine(one)))).toEqual(pieces)
  expect(joinLines(pieces)).toEqual([piece(1, 'a'), piece(2, '.. done')])
  expect(joinLines(pieces.slice(0, 3)).at(-1)).toEqual(piece(2, '..', true))
})
