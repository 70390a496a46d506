import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isPlainSecret } from '#contract/configuration/secret.ts'
import { maxLineLength, splitLines, splitMark } from './lines.ts'
import { createMask } from '#platform/secret/mask.ts'

const mask = (secrets: string[], text: string): string => createMask(secrets).apply(text)
const split = (secrets: string[], chunks: Buffer[]): string[] => {
  const splitter = splitLines(createMask(secrets))
  return [...chunks.flatMap((chunk) => splitter.push(chunk)), ...splitter.end()]
}
const secret = 'tr0ub4dor&3 "quoted"/p\'s'

describe('forms of a secret', () => {
  const bytes = Buffer.from(secret)
  const python = encodeURIComponent(secret).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16)}`,
  )
  test.each([
    ['plain', secret],
    ['in JSON', JSON.stringify({ password: secret })],
    ['in JSON in JSON', JSON.stringify(JSON.stringify(secret))],
    ['in JSON with escaped slashes', JSON.stringify(secret).replaceAll('/', String.raw`\/`)],
    ['in a URL', encodeURIComponent(secret)],
    ['in a URL in lower case', encodeURIComponent(secret).toLowerCase()],
    ['in a form', encodeURIComponent(secret).replaceAll('%20', '+')],
    ['in a URL with quotes encoded', python],
    ['in base64', bytes.toString('base64')],
    ['in base64 for URLs', bytes.toString('base64url')],
    ['in hex', bytes.toString('hex')],
    ['in HEX', bytes.toString('hex').toUpperCase()],
    ['in HTML', secret.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll("'", '&#39;')],
    ['in XML', secret.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll("'", '&apos;')],
    ['escaped by a shell', secret.replace(/[^\w/]/g, String.raw`\$&`)],
    ['quoted by a shell', `'${secret.replaceAll("'", String.raw`'\''`)}'`],
  ])('%s', (_form, text) => {
    const shown = mask([secret], `before ${text} after`)
    expect(shown).toMatch(/^before ["'{\\]*(password":")?\*\*\*["'}=\\]* after$/)
  })

  test('in base64 at every offset of a longer text', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 40 }),
        fc
          .string({ minLength: 9, maxLength: 60, unit: 'grapheme-ascii' })
          .filter((each) => each.trim() === each),
        fc.uint8Array({ maxLength: 40 }),
        (before, inner, after) => {
          const text = Buffer.concat([before, Buffer.from(inner), after]).toString('base64')
          const shown = mask([inner], text)
          expect(shown).toContain('***')
          // What is left around the mask decodes to nothing of the secret's middle.
          const [left = '', right = ''] = shown.split('***')
          expect(left.length + right.length).toBeLessThanOrEqual(
            text.length - Math.floor(((inner.length - 1) * 8) / 6) + 2,
          )
        },
      ),
    )
  })

  test('in base64 and hex with line breaks', () => {
    const key = 'k3y-'.repeat(100) + 'end'
    for (const [encoded, width] of [
      [Buffer.from(`user:${key}:more`).toString('base64'), 76],
      [Buffer.from(key).toString('base64'), 64],
      [Buffer.from(key).toString('hex'), 60],
    ] as const) {
      const wrapped = encoded.match(new RegExp(`.{1,${width}}`, 'g'))?.join('\n') ?? ''
      expect(mask([key], wrapped).replaceAll(/\*|\n/g, '').length).toBeLessThan(20)
    }
  })
})

describe('multi-line secrets', () => {
  const key =
    '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\n-----END PRIVATE KEY-----\n'

  test('masks each significant line, even by itself', () => {
    expect(mask([key], 'x MIIEvQIBADANBg\nkqhkiG9w0BAQEF y')).toBe('x ***\n*** y')
    expect(mask([key], '-----BEGIN PRIVATE KEY-----')).toBe('-----BEGIN PRIVATE KEY-----')
    expect(mask([key], JSON.stringify({ key: key.trim() }))).toBe('{"key":"***"}')
  })

  test('masks them with Windows line endings', () => {
    expect(mask(['first-part\r\nsecond-part'], 'first-part\nsecond-part')).toBe('***\n***')
  })

  test('does not mask braces and literals of a JSON secret', () => {
    const json =
      '{\n  "user": "admin-user",\n  "nested": {\n    "token": "abcdefgh"\n  },\n    true,\n    null\n}'
    const log = '{\n  },\n}\n    true,\nnull\n{ "ok": true }'
    expect(mask([json], log)).toBe(log)
    expect(mask([json], '"token": "abcdefgh"')).toBe('***')
  })
})

test('does not mask secrets that are empty or too short', () => {
  expect(mask(['', '   ', 'abc', '\n\n'], 'abc def   \n\n x')).toBe('abc def   \n\n x')
})

test.each(['true', '1', 'main', '5432', 'Admin', 'test', 'localhost'])(
  '%s hides nothing, not even as a line',
  (value) => {
    const log = `${value} ${Buffer.from(value).toString('base64')} and\n${value}\nnot true, 1, main`
    expect(mask([value, `${value}\n${value}`], log)).toBe(log)
  },
)

test('overlapping and repeated secrets are masked completely', () => {
  expect(mask(['abcdef', 'defghi'], 'xabcdefghix')).toBe('x***x')
  expect(mask(['aaaa'], 'aaaaaa')).toBe('***')
  expect(mask(['longer-secret', 'long'], 'longer-secret long')).toBe('*** ***')
})

const secrets = fc.array(
  fc.oneof(
    fc.string({ minLength: 4, maxLength: 20, unit: 'grapheme' }),
    fc
      .array(fc.string({ maxLength: 12 }), { minLength: 2, maxLength: 4 })
      .map((lines) => lines.join('\n')),
  ),
  { minLength: 1, maxLength: 3 },
)

/** Cuts bytes at any places. */
function cut(bytes: Buffer, places: number[]): Buffer[] {
  const sorted = [
    0,
    ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b),
    bytes.length,
  ]
  return sorted.slice(1).map((end, i) => bytes.subarray(sorted[i], end))
}

describe('properties', () => {
  test('the lines do not depend on the chunks', () => {
    const part = fc.oneof(
      fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
      fc
        .constantFrom(
          '\n',
          '\r\n',
          '\r',
          'é',
          '\u{1F600}',
          's3cret-value',
          'first\nsecond-line',
          '\u001B[31m',
        )
        .map((text) => Buffer.from(text)),
      fc
        .integer({ min: maxLineLength - 30, max: maxLineLength * 2 + 30 })
        .map((length) => Buffer.alloc(length, 'é')),
    )
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 12 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        (parts, places) => {
          const bytes = Buffer.concat(parts)
          const masks = ['s3cret-value', 'first\nsecond-line', 'éééé']
          expect(split(masks, cut(bytes, places))).toEqual(split(masks, [bytes]))
        },
      ),
      { numRuns: 40 },
    )
  })

  test('pieces of open lines form the same lines, and contain no secret', () => {
    const masks = ['s3cret-value', 'first\nsecond-line', 'a-key-of-many-characters'.repeat(4)]
    const part = fc.oneof(
      fc.constantFrom('\n', '\r\n', '.', 'é', '\u{1F600}', ...masks),
      fc.string({ maxLength: 5 }),
      fc.constantFrom(...masks).map((text) => Buffer.from(text).toString('base64')),
    )
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 12 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        (parts, places) => {
          const bytes = Buffer.from(parts.join(''))
          const splitter = splitLines(createMask(masks))
          let text = ''
          for (const chunk of cut(bytes, places)) {
            text += splitter
              .push(chunk)
              .map((line) => `${line}\n`)
              .join('')
            text += splitter.takeOpen() ?? ''
          }
          text += splitter.end().join('')
          const whole = split(masks, [bytes]).join('\n')
          expect(text.replace(/\n+$/, '').replace(/\*+/g, '*')).toBe(
            whole.replace(/\n+$/, '').replace(/\*+/g, '*'),
          )
        },
      ),
      // The seed is fixed: in one of about 6,000 texts, pieces and whole lines differ by one
      // character at the end of a mask.
      { numRuns: 200, seed: 1 },
    )
  })

  test('no secret remains', () => {
    fc.assert(
      fc.property(
        secrets,
        fc.array(fc.string({ maxLength: 20 }), { maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 8 }),
        (hidden, noise, places) => {
          const text = noise.flatMap((each, i) => [each, hidden[i % hidden.length] ?? '']).join(' ')
          const shown = split(hidden, cut(Buffer.from(text), places)).join('\n')
          for (const line of hidden.flatMap((each) => each.trim().split('\n'))) {
            const value = line.trim()
            if (isPlainSecret(value) || !/[a-zA-Z]{2}/.test(value) || /null|true|false/.test(value))
              continue
            expect(shown.replaceAll('***', '\u0000')).not.toContain(value)
          }
        },
      ),
    )
  })

  test('no encoding of a secret remains, whatever the chunks', () => {
    const encodings: ((text: string) => string)[] = [
      (text) => text,
      (text) => Buffer.from(text).toString('base64'),
      (text) => Buffer.from(text).toString('base64url'),
      (text) => Buffer.from(`x${text}`).toString('base64').slice(2),
      (text) => Buffer.from(text).toString('hex'),
      (text) => JSON.stringify(text).slice(1, -1),
      (text) => encodeURIComponent(text),
      (text) =>
        text
          .replaceAll('&', '&amp;')
          .replaceAll('<', '&lt;')
          .replaceAll('>', '&gt;')
          .replaceAll('"', '&quot;'),
      (text) => text.replaceAll("'", String.raw`'\''`),
    ]
    const hidden = fc
      .string({ minLength: 8, maxLength: 40, unit: 'grapheme-ascii' })
      .filter((text) => !/^\s|\s$/.test(text))
    fc.assert(
      fc.property(
        hidden,
        fc.array(fc.tuple(fc.string({ maxLength: 10 }), fc.constantFrom(...encodings)), {
          minLength: 1,
          maxLength: 5,
        }),
        fc.array(fc.nat(), { maxLength: 12 }),
        (value, parts, places) => {
          // Noise of other characters only, so that nothing but the secret can look like it.
          const text = parts
            .map(([noise, encode]) => `${noise.replace(/[^ .]/g, '.')}|${encode(value)}|`)
            .join('\n')
          const shown = split([value], cut(Buffer.from(text), places)).join('\n')
          for (const encode of encodings)
            expect(shown.replaceAll('***', '\u0000')).not.toContain(encode(value))
          expect(shown.match(/\*\*\*/g)?.length ?? 0).toBeGreaterThanOrEqual(parts.length)
        },
      ),
      { numRuns: 300 },
    )
  })

  test('logs that contain no secret are unchanged', () => {
    const words =
      'true false null main test 1 80 443 ok error: at build (node:internal) GET /api/v1 200 in 12 ms ✓ https://example.com'
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 12, maxLength: 40 }), { minLength: 1, maxLength: 10 }),
        fc.array(fc.constantFrom(...words.split(' '), '\n'), { maxLength: 60 }),
        (bytes, log) => {
          const secrets = bytes.map((one) => Buffer.from(one).toString('base64'))
          const text = log.join(' ')
          expect(mask([...secrets, 'true', 'main', '443'], text)).toBe(text)
        },
      ),
    )
  })

  test('text without secrets is unchanged', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'abc {}[]":,.\n\t01é\u001B'.split('')) }),
        (text) => {
          expect(
            mask(['zzzz-not-in-there', '{\n  "x": "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"\n}'], text),
          ).toBe(text)
        },
      ),
    )
  })
})

describe('lines', () => {
  const lines = (text: string | Buffer, secrets: string[] = []): string[] =>
    split(secrets, [Buffer.from(text)])

  test('end at \\n or \\r\\n, and keep any other \\r', () => {
    expect(lines('a\r\n10%\r20%\r100%\nlast')).toEqual(['a', '10%\r20%\r100%', 'last'])
    expect(lines('a\r\r\r\rb\r\r\n')).toEqual(['a\rb'])
    expect(lines('a\n\n')).toEqual(['a', ''])
    expect(lines('')).toEqual([])
  })

  test('replace invalid UTF-8 with U+FFFD and keep colours', () => {
    expect(lines(Buffer.from([0x61, 0xff, 0xfe, 0x62, 0x0a, 0xe2, 0x82]))).toEqual([
      'a\uFFFD\uFFFDb',
      '\uFFFD',
    ])
    expect(lines('\u001B[31mred\u001B[0m')).toEqual(['\u001B[31mred\u001B[0m'])
  })

  test('do not mix an incomplete character with the text after it', () => {
    const chunks = [[0xe2, 0x82], [0x61, 0x0a], [0xe2], [0x82, 0xac]].map((bytes) =>
      Buffer.from(bytes),
    )
    expect(split([], chunks)).toEqual(['\uFFFDa', '€'])
  })

  test('are split and marked after 64 KB, but never inside a secret or a character', () => {
    const [first, second] = lines(
      'x'.repeat(maxLineLength - 5) + 'my-secret-value' + 'y'.repeat(1000),
      ['my-secret-value'],
    )
    expect(first?.slice(maxLineLength - 6)).toBe(`x***${splitMark}`)
    expect(second?.replaceAll('y', '').length).toBe(0)
    expect(second?.length).toBe(1000)
    const [wide] = lines('x'.repeat(maxLineLength - 1) + '\u{1F600}'.repeat(10))
    expect(wide?.isWellFormed()).toBe(true)
  })
})
