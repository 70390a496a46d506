import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { planPorts, type PortRequest } from './ports.ts'
import { choosePort } from './host-target.ts'

const reserved = [
  { port: 4400, owner: 'the API and the console of Fairlead' },
  { port: 4480, owner: 'the edge of Fairlead' },
]
const stored = (name: string, port: number | null, app = 'shop', pullRequest?: number) => ({
  ...{ app, name, port },
  pullRequest: pullRequest ?? null,
})
/** An environment of shop; the target chooses as `process` does. */
const asks = (name: string, wanted?: number, more: Partial<PortRequest> = {}): PortRequest => ({
  ...{ app: 'shop', name, pullRequest: null, wanted },
  reserve: ({ current, taken }) => wanted ?? current ?? choosePort(4480, taken),
  ...more,
})
const plan = (
  requests: PortRequest[],
  known: ReturnType<typeof stored>[] = [],
  foreign: number[] = [],
) => planPorts({ requests, known, reserved, foreign })
const problemOf = (...given: Parameters<typeof plan>): string | null => plan(...given).problem

describe('ports of environments', () => {
  test('are chosen once and kept', () => {
    expect(plan([asks('dev'), asks('production')])).toMatchObject({ ports: [4481, 4482] })
    const known = [stored('dev', 4481), stored('production', 4490)]
    expect(plan([asks('dev'), asks('production')], known)).toEqual({
      ...{ problem: null, ports: [4481, 4490], released: [] },
    })
  })

  test('move from an environment that was renamed', () => {
    expect(plan([asks('stage', 4991)], [stored('staging', 4991)])).toEqual({
      ...{ problem: null, ports: [4991], released: [{ app: 'shop', name: 'staging' }] },
    })
  })

  test('can be swapped', () => {
    const known = [stored('a', 4992), stored('b', 4993)]
    expect(plan([asks('a', 4993), asks('b', 4992)], known)).toEqual({
      ...{ problem: null, ports: [4993, 4992] },
      released: [
        { app: 'shop', name: 'a' },
        { app: 'shop', name: 'b' },
      ],
    })
  })

  test('make way for the fixed port of another environment of the app', () => {
    const known = [stored('dev', 4481), stored('production', 4482)]
    expect(plan([asks('dev'), asks('production', 4481)], known)).toMatchObject({
      ports: [4483, 4481],
      released: [{ name: 'dev' }, { name: 'production' }],
    })
  })

  test('that a target no longer needs go to the environment that asks for them', () => {
    const known = [stored('dev', 4481)]
    const files = asks('dev', undefined, { reserve: () => null })
    expect(plan([files], known)).toMatchObject({ ports: [4481], released: [] })
    expect(plan([files, asks('production', 4481)], known)).toMatchObject({
      ports: [null, 4481],
      released: [{ name: 'dev' }],
    })
  })

  test('are refused when Fairlead or another app has them', () => {
    const of = (owner: string, port: number): string =>
      `port ${port} of the environment dev is used by ${owner}; ` +
      'set another `port` in fairlead.yaml, or free this one'
    expect(problemOf([asks('dev', 4400)])).toBe(of('the API and the console of Fairlead', 4400))
    expect(problemOf([asks('dev', 4480)])).toBe(of('the edge of Fairlead', 4480))
    const other = [stored('live', 4481, 'desk')]
    expect(problemOf([asks('dev', 4481)], other)).toBe(of('the environment live of desk', 4481))
    const preview = [stored('pr-3', 4481, 'shop', 3)]
    expect(problemOf([asks('dev', 4481)], preview)).toBe(of('the environment pr-3 of shop', 4481))
  })

  test('of a preview are never taken from the line', () => {
    const known = [stored('dev', 4481)]
    const preview = asks('pr-3', undefined, { pullRequest: 3 })
    expect(plan([preview], known)).toMatchObject({ ports: [4482], released: [] })
  })

  test('that another program uses are not chosen, but kept when they are fixed', () => {
    expect(plan([asks('dev')], [], [4481, 4482])).toMatchObject({ ports: [4483] })
    expect(plan([asks('dev', 4481)], [], [4481])).toMatchObject({ ports: [4481] })
  })

  test('differ from each other and from those of others, whatever is asked for', () => {
    const port = fc.option(fc.integer({ min: 4478, max: 4486 }), { nil: undefined })
    const names = ['a', 'b', 'c', 'd']
    const asked = fc.uniqueArray(fc.tuple(fc.constantFrom(...names), port), {
      selector: ([name]) => name,
    })
    fc.assert(
      fc.property(asked, asked, asked, (mine, before, others) => {
        const fixed = mine.flatMap(([, one]) => one ?? [])
        fc.pre(new Set(fixed).size === fixed.length)
        const known = [
          ...before.map(([name, one]) => stored(name, one ?? null)),
          ...others.map(([name, one]) => stored(name, one ?? null, 'desk')),
        ].filter(({ port: one }, i, all) => all.findIndex((other) => other.port === one) === i)
        const planned = plan(
          mine.map(([name, one]) => asks(name, one)),
          known,
        )
        if (planned.problem !== null) return
        const left = known.filter(
          ({ app, name }) =>
            (app !== 'shop' || !mine.some(([one]) => one === name)) &&
            !planned.released.some((one) => one.app === app && one.name === name),
        )
        const all = [...planned.ports, ...left.map((one) => one.port)].filter((one) => one !== null)
        expect(new Set(all).size).toBe(all.length)
        expect(planned.ports.filter((one) => one === 4400 || one === 4480)).toEqual([])
      }),
    )
  })
})
