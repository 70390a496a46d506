import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Exception } from '#contract/error/error.ts'
import { fingerprintOf, placeOf, plainMessage, statedFingerprint } from './fingerprint.ts'
import { splitLine } from './line.ts'
import { plainPath, stableFunction, stablePath } from './paths.ts'
import { readTraces } from './read-traces.ts'
import { isCard, scrub, scrubText } from './scrub.ts'
import type { TraceFormat } from './trace.ts'
import { traces } from './traces.generated.ts'

const read = (text: string, isOver = true) => readTraces(text.split('\n'), { isOver })
const thrown = (text: string): Exception => read(text).found[0]!.exceptions[0]!
const noise = ['GET / 200', '{"level":30,"msg":"served"}', 'done in 3 ms', '  indented text']

describe.each(traces as readonly TraceFormat[])('the traces of $title', ({ name, example }) => {
  test('are found once, with the exception and the place', () => {
    const { found, consumed } = read(example.text)
    expect(found).toHaveLength(1)
    expect(found[0]!.language).toBe(name)
    const [first] = found[0]!.exceptions
    expect(first).toMatchObject({ type: example.type, message: example.message })
    const file = { file: plainPath(example.frame.file ?? '') }
    expect(first!.frames[0]).toMatchObject({ ...example.frame, ...file, isOwn: true })
    expect(consumed).toBe(example.text.split('\n').length)
  })

  test('are found among the lines of others, and with a prefix on each line', () => {
    const lines = example.text.split('\n')
    const mixed = lines.flatMap((line, i) => [`[other-1] ${noise[i % 4]}`, line]).join('\n')
    expect(read(mixed).found.map(({ exceptions }) => exceptions[0]?.type)).toEqual([example.type])
    const prefixed = lines.map((line) => `2026-11-29T12:00:00.000Z web-1 | ${line}`).join('\n')
    const { found } = read(prefixed)
    expect(found.map(({ exceptions }) => exceptions[0]?.type)).toEqual([example.type])
    expect(found[0]!.time).toBe(Date.UTC(2026, 10, 29, 12))
  })

  test('of two writers are kept apart', () => {
    const lines = example.text.split('\n')
    const both = lines.flatMap((line) => [`[thread-1] ${line}`, `[thread-2] ${line}`]).join('\n')
    const { found } = read(both)
    expect(found.map(({ exceptions }) => exceptions)).toEqual([
      read(example.text).found[0]!.exceptions,
      read(example.text).found[0]!.exceptions,
    ])
  })

  test('are read in two pieces as in one', () => {
    const lines = ['before', ...example.text.split('\n'), 'after']
    const whole = readTraces(lines, { isOver: true }).found
    for (let cut = 1; cut < lines.length; cut += 1) {
      const first = readTraces(lines.slice(0, cut), { isOver: false })
      const rest = readTraces(lines.slice(first.consumed), { isOver: true })
      expect([...first.found, ...rest.found]).toEqual(whole)
    }
  })

  test('keep their group when lines move and code is added', () => {
    const moved = example.text.replaceAll(/(?<=\.\w+[:(]|line )(\d+)/g, (n) =>
      String(Number(n) + 7),
    )
    const of = (text: string) => fingerprintOf(read(text).found[0]!.exceptions, '')
    expect(of(moved)).toBe(of(example.text))
  })

  test('never break the reader when they are damaged', () => {
    const lines = fc.array(fc.oneof(fc.constantFrom(...example.text.split('\n')), fc.string()))
    fc.assert(
      fc.property(lines, fc.boolean(), (some, isOver) => {
        const { found, consumed } = readTraces(some, { isOver })
        expect(consumed).toBeLessThanOrEqual(some.length)
        for (const { exceptions } of found) expect(exceptions.length).toBeGreaterThan(0)
      }),
      { numRuns: 100 },
    )
  })
})

describe('reading output', () => {
  test('finds several traces, and none in ordinary output', () => {
    const all = traces.map(({ example }) => example.text).join('\nserved\n\n')
    expect(read(all).found.map(({ language }) => language)).toEqual(traces.map(({ name }) => name))
    const plain = ['Error: no such file', 'Warning: x', 'at noon', 'Listening: yes', ...noise]
    expect(read(plain.join('\n')).found).toEqual([])
  })

  test('reads lines of JSON as loggers write them', () => {
    const stack = 'TypeError: x is undefined\n    at f (/srv/shop/a.js:1:2)'
    const line = JSON.stringify({ level: 50, time: 1_790_000_000_000, err: { stack }, msg: 'oh' })
    expect(read(line).found).toMatchObject([
      { language: 'node', time: 1_790_000_000_000, exceptions: [{ type: 'TypeError' }] },
    ])
    expect(read('{"stack": "no trace\\nat all"}').found).toEqual([])
  })

  test('reads a class of any name, a code, text before it, and lines of a message', () => {
    const frame = '\n    at f (/srv/shop/a.js:1:2)'
    expect(thrown(`Oops: no${frame}`).type).toBe('Oops')
    expect(thrown(`TypeError [ERR_X]: no${frame}`)).toMatchObject({ type: 'TypeError' })
    expect(thrown(`request 7 failed: RangeError: no${frame}`)).toMatchObject({
      ...{ type: 'RangeError', message: 'no' },
    })
    expect(thrown(`Error: first\nsecond line${frame}`).message).toBe('first\nsecond line')
  })

  test('a trace that is not complete is read again', () => {
    const text = 'x\nTypeError: y\n    at f (/srv/shop/a.js:1:2)'
    expect(read(text, false)).toEqual({ found: [], consumed: 1 })
    expect(read(text).found).toHaveLength(1)
  })

  test('splits time, writer and level from a line', () => {
    expect(splitLine('2026-11-29 12:00:00,123 [main] ERROR a.B - text')).toEqual({
      ...{ writer: 'main', text: 'a.B - text', time: Date.UTC(2026, 10, 29, 12, 0, 0, 123) },
    })
    expect(splitLine('\x1b[31m    at x\x1b[0m').text).toBe('    at x')
  })
})

describe('groups', () => {
  const error = (file: string, name: string): Exception[] => [
    {
      ...{ type: 'TypeError', message: 'x' },
      frames: [{ function: name, file, line: 1, column: 2, isOwn: true }],
    },
  ]
  const group = (file: string, name: string) => fingerprintOf(error(file, name), 'x')

  test('do not depend on hashes of a build, numbers of a compiler, or recursion', () => {
    expect(group('assets/main-4f3a2b1c.js', 'f')).toBe(group('assets/main-99aabbcc.js', 'f'))
    expect(group('a.go', 'main.run.func1')).toBe(group('a.go', 'main.run.func2.1'))
    expect(group('a.js', 'f')).not.toBe(group('a.js', 'g'))
    expect(group('a.js', 'f')).not.toBe(group('b.js', 'f'))
    const [one] = error('a.js', 'f')
    const deep = [{ ...one!, frames: [...one!.frames, ...one!.frames, ...one!.frames] }]
    expect(fingerprintOf(deep, '')).toBe(group('a.js', 'f'))
  })

  test.each([
    ['user 17 not found', 'user ‹n› not found'],
    ['no order 3f2504e0-4f89-11d3-9a0c-0305e82c3301', 'no order ‹id›'],
    ['at 0xdeadbeef of 10.0.0.7:80', 'at ‹id› of ‹n›'],
    ['mail to ada@example.com failed', 'mail to ‹address› failed'],
    ['key 9f86d081884c7d65', 'key ‹id›'],
    ['decade is no id', 'decade is no id'],
  ])('without frames have the message without ids: %s', (message, plain) => {
    expect(plainMessage(message)).toBe(plain)
  })

  test('may be stated by an SDK', () => {
    expect(statedFingerprint(['{{ default }}', 'a'], 'x')).toBe(statedFingerprint(['x', 'a'], 'y'))
    expect(statedFingerprint(['b'], 'x')).not.toBe(statedFingerprint(['c'], 'x'))
  })

  test('are named by their first own frame', () => {
    expect(placeOf(error('src/a.js', 'f'))).toBe('f in src/a.js')
    expect(placeOf([])).toBeNull()
  })

  test.each([
    ['/home/x/.fairlead/host/unpacked/sha256-1f2e/src/a.js', 'src/a.js'],
    ['file:///f/host/releases/shop/production/4/src/a.js', 'src/a.js'],
    ['/f/runs/12/workspace/cmd/main.go', 'cmd/main.go'],
    ['webpack://shop/./src/a.ts', 'src/a.ts'],
    ['https://shop.example/assets/a.js?v=1', 'assets/a.js'],
    ['C:\\shop\\a.cs', 'C:/shop/a.cs'],
    ['node:internal/x', 'node:internal/x'],
  ])('%s is %s in the repository', (file, path) => expect(plainPath(file)).toBe(path))

  test('functions and files lose what a compiler adds', () => {
    expect(stableFunction('a.B$$Lambda$14/0x0000')).toBe('a.B$')
    expect(stableFunction('block (2 levels) in Cart#total')).toBe('Cart#total')
    expect(stablePath('a/index.js')).toBe('a/index.js')
    expect(stablePath('a/chunk.Ab3dE6fg.js')).toBe('a/chunk.js')
  })
})

describe('scrubbing', () => {
  test.each([
    ['mail ada.l+x@example.co.uk now', 'mail [e-mail] now'],
    ['card 4111 1111 1111 1111 refused', 'card [card] refused'],
    ['order 4111111111111112', 'order 4111111111111112'],
    ['Authorization: Bearer abc.def.ghi', 'Authorization: [removed]'],
    ['sent Bearer abcdefgh12345', 'sent Bearer [removed]'],
    ['postgres://app:hunter2@db/x', 'postgres://[removed]@db/x'],
    ['?token=abc123&page=2', '?token=[removed]&page=2'],
    ['{"password": "hunter 2"}', '{"password": [removed]}'],
    ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc', '[removed]'],
    ['key ghp_abcdefghijklmnop1234', 'key [removed]'],
    ['the token is invalid', 'the token is invalid'],
  ])('%s', (text, expected) => expect(scrubText(text)).toBe(expected))

  test('removes values by their names, in objects and pairs', () => {
    expect(
      scrub({
        headers: [
          ['Cookie', 'a=b'],
          ['Accept', 'x'],
        ],
        user: { apiKey: 'k', n: 3 },
        pin: '',
      }),
    ).toEqual({
      headers: [
        ['Cookie', '[removed]'],
        ['Accept', 'x'],
      ],
      ...{ user: { apiKey: '[removed]', n: 3 }, pin: '' },
    })
  })

  test('knows the check digit of cards', () => {
    expect(['5500005555555559', '340000000000009', '6011000000000004'].map(isCard)).toEqual([
      ...[true, true, true],
    ])
    expect(isCard('1234567812345670')).toBe(false)
  })
})
