import { describe, expect, test } from 'vitest'
import type { Channel } from '#contract/alert/alert.ts'
import { ownersOf, readCodeowners } from './codeowners.ts'
import { nextChannel, pauseAfter } from './recipients.ts'
import type { FailingPlace } from './place.ts'
import { suspectsOf } from './suspects.ts'

describe('CODEOWNERS', () => {
  const rules = readCodeowners(`# comment
*       @everyone
*.js    @js # frontend
/build/ @build
docs/*  docs@example.com
apps/   @apps
/apps/github
**/logs @logs
last/** @below
star\\*.txt @star
`)
  test.each([
    ['README.md', ['@everyone']],
    ['deep/inside.js', ['@js']],
    ['build/logs2/x', ['@build']],
    ['other/build/x', ['@everyone']],
    ['docs/start.md', ['docs@example.com']],
    ['docs/deep/start.md', ['@everyone']],
    ['lib/apps/x.md', ['@apps']],
    ['apps/github/x', []],
    ['a/b/logs/x', ['@logs']],
    ['last', ['@everyone']],
    ['last/a/b', ['@below']],
    ['star*.txt', ['@star']],
    ['stars.txt', ['@everyone']],
  ])('%s belongs to %s', (path, owners) => expect(ownersOf(rules, path)).toEqual(owners))

  test('a star after a slash is the files of the folder', () => {
    expect(ownersOf(readCodeowners('/* @root'), 'x.md')).toEqual(['@root'])
    expect(ownersOf(readCodeowners('/* @root'), 'a/x.md')).toEqual([])
  })

  test('sections are independent, and have default owners', () => {
    const sections = readCodeowners('[Docs][2] @writers\n*.md\n^[Ruby]\n*.rb @ruby\nx.md @x\n')
    expect(ownersOf(sections, 'x.md')).toEqual(['@writers', '@x'])
  })
})

test('a section of GitLab leaves out paths, also those that a later rule names', () => {
  const rules = readCodeowners('* @all\n[Ruby]\n*.rb @ruby\n!/vendor/\n/vendor/x.rb @vendor\n')
  expect(ownersOf(rules, 'lib/x.rb')).toEqual(['@all', '@ruby'])
  expect(ownersOf(rules, 'vendor/x.rb')).toEqual(['@all'])
})

describe('suspects', () => {
  const nowhere: FailingPlace = { service: null, others: [], routes: [] }
  const commit = (sha: string, author: string, files: string[]) => ({
    ...{ sha: sha.repeat(40), subject: `change ${sha}`, author, files },
    email: `${author.toLowerCase()}@example.com`,
  })
  const users = ['Ada', 'Bob', 'Cy'].map((name) => ({
    name,
    email: name === 'Bob' ? null : `${name.toLowerCase()}@example.com`,
  }))
  const facts = {
    commits: [
      commit('a', 'Bob', ['x.js']),
      commit('b', 'Bob', ['y.js']),
      commit('c', 'Ada', ['z.rb']),
    ],
    ...{ configuration: null, codeowners: null, users, frames: [], place: nowhere },
  }

  test('authors of more commits come first', () => {
    expect(suspectsOf(facts).map(({ name, user }) => [name, user])).toEqual([
      ['Bob', 'Bob'],
      ['Ada', 'Ada'],
    ])
  })

  test('an author who owns what changed comes before one who does not', () => {
    const [first, , third] = suspectsOf({ ...facts, codeowners: '*.rb @Ada\n*.js @cy' })
    expect(first).toMatchObject({
      name: 'Ada',
      reason: 'they wrote ccccccc (change c) and own z.rb',
    })
    expect(third).toMatchObject({ name: 'Cy', reason: 'they own x.js, which changed' })
  })

  test('who changed a line of the trace comes first, then who changed a file of it', () => {
    const [a, , c] = facts.commits.map(({ sha }) => sha)
    const frame = (path: string, sha: string | null = null) => ({ path, line: 3, sha })
    const first = (...frames: ReturnType<typeof frame>[]) =>
      suspectsOf({ ...facts, frames, codeowners: '* @cy' })[0]
    expect(first(frame('old.js'), frame('z.rb', c!), frame('x.js', a!))).toMatchObject({
      name: 'Ada',
      reason: 'they changed z.rb:3, where it fails, in ccccccc (change c)',
    })
    expect(first(frame('z.rb'), frame('x.js'))).toMatchObject({
      name: 'Ada',
      reason: 'they changed z.rb, which is in the trace, in ccccccc (change c)',
    })
    expect(first(frame('z.rb'), frame('x.js', a!))).toMatchObject({ name: 'Bob' })
  })

  test('commits to tests and documents alone count little', () => {
    const commits = [
      commit('a', 'Bob', ['test/x.js']),
      commit('b', 'Bob', ['docs/y.md', 'src/x.test.ts']),
      commit('c', 'Ada', ['src/z.ts']),
    ]
    expect(suspectsOf({ ...facts, commits })[0]?.name).toBe('Ada')
  })

  test('who changed what is named like the failing route comes before the failing service', () => {
    const commits = [
      commit('a', 'Bob', ['services/web/cart.js']),
      commit('b', 'Bob', ['services/web/total.js']),
      commit('c', 'Ada', ['services/mail/send.js']),
      commit('d', 'Ada', ['services/mail/queue.js', 'README.md']),
      commit('e', 'Ada', ['services/mail/text.js']),
      commit('f', 'Cy', ['lib/routes/orders.ts']),
    ]
    const at = (name: string) => ({ name, directory: `services/${name}` })
    const place = { service: at('web'), others: [at('mail')], routes: ['/api/v1/order/42'] }
    const found = suspectsOf({ ...facts, commits, place })
    expect(found.map(({ name }) => name)).toEqual(['Cy', 'Bob', 'Ada'])
    expect(found[0]?.reason).toBe(
      'they changed lib/routes/orders.ts, named like /api/v1/order/42, which fails, in fffffff ' +
        '(change f)',
    )
    expect(found[1]?.reason).toBe(
      'they changed services/web/cart.js, of the service web, which fails, in aaaaaaa (change a)',
    )
    // A trace says more, and a test with the name of the route says nothing.
    const frames = [{ path: 'services/mail/text.js', line: 3, sha: null }]
    expect(suspectsOf({ ...facts, commits, place, frames })[0]?.name).toBe('Ada')
    const tests = [commit('a', 'Bob', ['test/orders.test.ts']), commit('c', 'Ada', ['z.rb'])]
    expect(suspectsOf({ ...facts, commits: tests, place })[0]?.name).toBe('Ada')
  })

  test('in an app with one service, the files of its folder say nothing', () => {
    const commits = [commit('a', 'Bob', ['web/x.js']), ...facts.commits.slice(2)]
    const place = { ...nowhere, service: { name: 'web', directory: 'web' } }
    expect(suspectsOf({ ...facts, commits, place })[0]?.reason).toMatch(/^they wrote/)
  })

  test('who changed the configuration comes first; nobody is suspected without a change', () => {
    const configuration = { actor: 'Cy', version: 4 }
    expect(suspectsOf({ ...facts, configuration })[0]).toMatchObject({ name: 'Cy', user: 'Cy' })
    expect(suspectsOf({ ...facts, commits: [] })).toEqual([])
  })
})

describe('recipients', () => {
  const channel = (name: string, more: Partial<Channel> = {}): Channel => ({
    ...{
      name,
      kind: 'ntfy',
      person: null,
      urgency: 'low',
      created: '',
      proven: null,
      problem: null,
      ...more,
    },
  })
  const all = [
    channel('ada-phone', { person: 'Ada', urgency: 'high' }),
    channel('ada-mail', { person: 'Ada' }),
    channel('team'),
  ]

  test('after a failure, the next channel of the person', () => {
    const next = (name: string, person: string | null, tried: string[]) =>
      nextChannel({ channel: name, person }, 'high', all, tried)
    expect(next('ada-phone', 'Ada', ['ada-phone'])).toBe('ada-mail')
    // The one that worked last was tried first, and is the last one of the list.
    expect(next('ada-mail', 'Ada', ['ada-mail'])).toBe('ada-phone')
    expect(next('ada-mail', 'Ada', ['ada-phone', 'ada-mail'])).toBeNull()
    expect(next('team', null, ['team'])).toBeNull()
    const to = (hasNext: boolean, isCall: boolean) => (tries: number) =>
      pauseAfter(tries, { hasNext, isCall })
    expect([1, 4, 5, 99, 100].map(to(false, false))).toEqual([5, 300, 900, 900, null])
    expect([1, 4, 5].map(to(false, true))).toEqual([5, 300, null])
    expect([1, 2].map(to(true, false))).toEqual([5, null])
  })

  test('a channel that is full gets nothing until it says; a person waits for a minute', () => {
    const to = (hasNext: boolean, full: number) => (tries: number) =>
      pauseAfter(tries, { hasNext, isCall: false, full })
    expect([1, 4, 100].map(to(false, 30))).toEqual([30, 300, null])
    expect([1, 2].map(to(true, 60))).toEqual([60, null])
    expect(to(true, 61)(1)).toBeNull()
    expect(to(false, 3600)(1)).toBe(3600)
  })
})
