import { beforeAll, expect, test } from 'vitest'
import { type Analyser, createAnalyser, type Inspection } from './analyser.ts'
import { matchFunctions } from './match.ts'

let analyser: Analyser
beforeAll(async () => {
  analyser = await createAnalyser()
})

/** The functions of the new version: name, line, former line, and whether the code is the same. */
async function matches(before: string, now: string) {
  const [former, current] = await Promise.all(
    [before, now].map((text) => analyser.inspect('a.js', text)),
  )
  const found = matchFunctions(current as Inspection, former as Inspection)
  return current?.functions.map((one) => {
    const match = found.get(one)
    return [one.name, one.line, match?.before.line ?? null, match?.isSame ?? null]
  })
}
const handler = (path: string, ...body: string[]): string =>
  `app.get('${path}', function (q, r) {\n${body.map((line) => `  ${line}\n`).join('')}})\n`
const name = '<anonymous>'

test('a handler is compared with itself, not with the most complex one', async () => {
  const big = handler('/big', ...Array.from({ length: 25 }, (_, i) => `if (q.a${i}) return ${i}`))
  expect(
    await matches(
      big + handler('/small', 'r.send(1)'),
      big + handler('/small', 'if (q.a) return 2', 'r.send(1)'),
    ),
  ).toEqual([
    [name, 1, 1, true],
    [name, 28, 28, false],
  ])
})

test('handlers that are moved, added and reformatted are recognised', async () => {
  const [a, b, c] = ['a', 'b', 'c'].map((one) => handler(`/${one}`, `r.send('${one}')`))
  expect(
    await matches(
      `${a}${b}${c}`,
      `${c}${handler('/new', 'r.send(0)')}// moved\n${b?.replace('  r', '\t\tr')}${a}`,
    ),
  ).toEqual([
    [name, 1, 7, true],
    [name, 4, null, null],
    [name, 8, 4, true],
    [name, 11, 1, true],
  ])
})

test('a handler whose first line changed is recognised by its neighbours', async () => {
  const [a, b] = ['a', 'b'].map((one) => handler(`/${one}`, `r.send('${one}')`))
  const changed = "app.get('/x', async (q, r) => {\n  if (q) r.end()\n})\n"
  expect(await matches(`${a}${handler('/x', 'r.end()')}${b}`, `${a}${changed}${b}`)).toEqual([
    [name, 1, 1, true],
    [name, 4, 4, false],
    [name, 7, 7, true],
  ])
})

test('one of two candidates is not guessed: the function counts as new', async () => {
  const small = 'list.map(function (a) {\n  return a\n})\n'
  const large = 'list.map(function (a) {\n  return a || b || c\n})\n'
  const other = 'list.map(function (a) {\n  return a && b\n})\n'
  expect(await matches(large, `${other}${small}`)).toEqual([
    [name, 1, null, null],
    [name, 4, null, null],
  ])
})

test('a function with a name is recognised by it, and a comment does not change it', async () => {
  expect(
    await matches(
      'function pay(a) {\n  return a\n}\nfunction same() {\n  return 1\n}\n',
      'function same() {\n  // one\n  return 1\n}\nasync function pay() {\n  return 2\n}\n',
    ),
  ).toEqual([
    ['same', 1, 4, true],
    ['pay', 5, 1, false],
  ])
})
