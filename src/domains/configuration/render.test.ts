import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parse as parseYaml } from 'yaml'
import type { RenderedFile } from '#contract/pipeline-file/configuration-file.ts'
import { renderFile } from './render.ts'
import { isLong } from '../../../test/support/scale.ts'

const render = (
  path: string,
  template: string | null,
  values: Record<string, unknown> = {},
  more: Partial<RenderedFile> = {},
  secrets: string[] = [],
) =>
  renderFile({
    ...{ path, template, values, secrets: new Set(secrets) },
    file: { template: `${path}.liquid`, ...more },
  })

const textOf = (result: ReturnType<typeof render>): string =>
  result.problem === null ? result.file.text : `problem: ${result.problem}`

test('renders conditions, loops and filters, and says which values were used', () => {
  const template = [
    '{% assign hosts = HOSTS | split: "," %}{% for host in hosts %}server {{ host }}',
    '{% endfor %}{% if DEBUG == "yes" %}debug{% endif %}{{ LEVEL | default: "info" }}',
  ].join('\n')
  expect(render('app.conf', template, { HOSTS: 'a,b', OTHER: 'x' })).toMatchObject({
    file: { text: 'server a\nserver b\ninfo', mode: 0o644, checks: [] },
    ...{ kind: 'text', used: ['HOSTS'], usedSecrets: [] },
  })
})

test('names file, line and column of what is wrong in a template', () => {
  expect(textOf(render('a.txt', 'one\n  {{ MISSING }}'))).toBe(
    'problem: a.txt.liquid:2:6: MISSING is not set',
  )
  expect(textOf(render('a.txt', 'x {{ A | nothing }}', { A: '1' }))).toMatch(
    /^problem: a\.txt\.liquid:1:3: undefined filter: nothing/,
  )
  expect(textOf(render('a.txt', '{% if A %}', { A: '1' }))).toMatch(
    /^problem: a\.txt\.liquid:1:1: /,
  )
  expect(textOf(render('a.txt', null))).toBe(
    'problem: a.txt: the repository has no template a.txt.liquid',
  )
})

test('a template reaches no file, no property of the program, and no clock', () => {
  for (const template of [
    '{% include "/etc/passwd" %}',
    '{% render "/etc/passwd" %}',
    '{{ A.constructor }}',
    '{{ A.__proto__ }}',
    '{{ "now" | date: "%s" }}',
    '{{ constructor }}',
    '{{ toString }}',
  ])
    expect(textOf(render('a.txt', template, { A: 'x' }))).toMatch(/^problem: /)
})

test('ends a template that takes too long', () => {
  const template = '{% for a in (1..1000000) %}{% for b in (1..1000000) %}{% endfor %}{% endfor %}'
  expect(textOf(render('a.txt', template))).toMatch(/^problem: .*(limit|longer)/)
})

test('a value without quotes stays one value', () => {
  const json = '{"port": {{ PORT }}}'
  expect(textOf(render('a.json', json, { PORT: '8080' }))).toBe('{"port": 8080}')
  expect(textOf(render('a.json', json, { PORT: '1, "admin": true' }))).toContain('put quotes')
  const yaml = 'port: {{ PORT }}\nlast: 1\n'
  for (const value of ['80\nadmin: true', 'x: y', '# nothing', '[1]', '*a', 'a #b'])
    expect([value, textOf(render('a.yaml', yaml, { PORT: value }))]).toEqual([
      value,
      expect.stringContaining('put quotes') as string,
    ])
  const quoted = textOf(render('a.env', 'NAME="{{ NAME }}"\n', { NAME: 'a"b' }))
  expect(quoted).toContain('use other quotes')
  expect(parseYaml(textOf(render('a.yaml', yaml, { PORT: 'debug' })))).toEqual({
    port: 'debug',
    last: 1,
  })
})

test('the filter raw and a captured text do not lead around the quotes', () => {
  const values = { A: '", "admin": "yes' }
  const expected = { a: '", "admin": "yes' }
  for (const template of [
    '{"a": "{{ A | raw }}"}',
    '{% capture b %}{{ A }}{% endcapture %}{"a": "{{ b }}"}',
    '{"a": "{% assign c = A | append: "" %}{{ c }}"}',
  ])
    expect(JSON.parse(textOf(render('a.json', template, values)))).toEqual(expected)
})

test('any text in quotes is read as it was set, in JSON, YAML and TOML', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 30 }), (value) => {
      const json = render('a.json', '{"a": "{{ A }}", "b": ["{{ A }}"]}', { A: value })
      if (json.problem !== null) throw new Error(json.problem)
      expect(JSON.parse(json.file.text)).toEqual({ a: value, b: [value] })
      for (const [path, template] of [
        ['a.yaml', 'a: "{{ A }}"\nb: [\'{{ A }}\']\n'],
        ['a.toml', 'a = "{{ A }}"\nb = ["{{ A }}"]\n'],
        ['a.env', 'A="{{ A }}"\nB=1\n'],
      ] as const)
        expect(textOf(render(path, template, { A: value }))).toBeTypeOf('string')
    }),
    { numRuns: isLong ? 200 : 50 },
  )
})

test('a file with a secret is for its owner only', () => {
  const values = { KEY: 'k3y-value', LEVEL: 'info' }
  const secrets = ['KEY']
  const template = 'key {{ KEY }}\n'
  expect(render('a.txt', template, values, {}, secrets)).toMatchObject({ file: { mode: 0o600 } })
  expect(render('a.txt', template, values, { mode: '0400' }, secrets)).toMatchObject({
    file: { mode: 0o400 },
  })
  const open = textOf(render('a.txt', template, values, { mode: '0644' }, secrets))
  expect(open).toBe(
    'problem: a.txt contains the secret KEY, so its mode must be 0400 or 0600, not 0644',
  )
  expect(render('a.txt', 'level {{ LEVEL }}', values, {}, secrets)).toMatchObject({
    file: { mode: 0o644 },
    usedSecrets: [],
  })
})

test('a problem never contains a value', () => {
  const value = 's3cret-value: [x'
  for (const [path, template] of [
    ['a.json', '{"a": {{ KEY }}}'],
    ['a.yaml', 'a: {{ KEY }}\nb: 1'],
    ['a.toml', 'a = {{ KEY }}'],
    ['redis.conf', 'requirepass {{ KEY }}'],
  ] as const) {
    const text = textOf(render(path, template, { KEY: value }, {}, ['KEY']))
    expect(text).toMatch(/^problem: /)
    expect(text).not.toContain('s3cret')
  }
})

test('names an unknown kind', () => {
  expect(textOf(render('a', 'x', {}, { kind: 'jsn' }))).toContain('kind jsn, which is none of')
})
