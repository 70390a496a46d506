import { expect, test } from 'vitest'
import { targets } from '#domains/deployment/targets.generated.ts'
import { readPipelineFile } from './file.ts'

const read = (yaml: string) =>
  readPipelineFile(yaml, { file: 'fairlead.yaml', defaultApp: 'shop', targets })
const problems = (yaml: string): string[] => {
  const found = read(`environments: {production: {}}\n${yaml}`)
  return found.ok ? [] : found.problems.map(({ problem, hint }) => `${problem}; ${hint}`)
}

test('a switch is a value, or has named variants of its type', () => {
  expect(
    problems(`switches:
  auto-recharge: true
  limit: {type: number, default: 50, owner: payments, expires: 2027-01-31}
  checkout: {type: string, default: old, variants: {old: v1, new: v2}}
  theme: {type: object, default: dark, variants: {dark: {ink: white}, light: {ink: black}}}
`),
  ).toEqual([])
  const [first, ...more] = problems(`switches:
  a: {type: number, default: many}
  b: {type: string, default: olds, variants: {old: v1, new: 2}}
  c: {default: true, variants: {yes: true}}
`)
  expect(first).toBe(
    'the default of switch `a` must be a number; write a number, or set another `type`',
  )
  expect(more).toEqual([
    'the default of switch `b` must be one of its variants; did you mean `old`?',
    'the variant `new` of switch `b` must be text; write text, or set another `type`',
    'switch `c` is a boolean, whose variants are `on` and `off`; ' +
      'remove `variants`, or set another `type`',
  ])
})

test('a monitor turns off boolean switches of the file only', () => {
  const monitor = 'monitors: {rule: {invariant: {command: ./rule.sh}, pulls: recharge}}\n'
  expect(problems(`${monitor}switches: {recharge: true}`)).toEqual([])
  expect(problems(monitor)).toEqual([
    'monitor `rule` names the switch `recharge`, which does not exist; ' +
      'for example `switches: {recharge: true}`',
  ])
  expect(problems(`${monitor}switches: {recharges: true}`)[0]).toContain('did you mean')
  expect(problems(`${monitor}switches: {recharge: {type: number, default: 1}}`)).toEqual([
    'monitor `rule` turns off the switch `recharge`, which is of the type number; ' +
      'add a boolean switch',
  ])
})
