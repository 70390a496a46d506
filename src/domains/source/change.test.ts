import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addressOf } from './repository.ts'
import { branchProblem, decideBranch, pushLines, repositoryProblem } from './change.ts'

const shas = fc.constantFrom(null, 'a'.repeat(40), 'b'.repeat(40), 'c'.repeat(40))

describe('decideBranch', () => {
  test('returns the decision for each case', () => {
    expect(decideBranch(null, null)).toEqual({ kind: 'empty' })
    expect(decideBranch('a', null)).toEqual({ kind: 'branch_deleted' })
    expect(decideBranch('a', 'a')).toEqual({ kind: 'known', sha: 'a' })
    expect(decideBranch(null, 'a')).toEqual({ kind: 'new_change', sha: 'a', base: null })
    expect(decideBranch('a', 'b')).toEqual({ kind: 'new_change', sha: 'b', base: 'a' })
  })

  test('returns a change exactly when the head differs from the stored one', () => {
    fc.assert(
      fc.property(shas, shas, (before, now) => {
        expect(decideBranch(before, now).kind === 'new_change').toBe(now !== null && now !== before)
        expect(['known', 'empty']).toContain(decideBranch(now, now).kind)
      }),
    )
  })

  test('the developer reads one or two lines after every push', () => {
    fc.assert(
      fc.property(shas, shas, (before, now) => {
        const lines = pushLines(
          decideBranch(before, now),
          { name: 'prepaid', branch: 'main' },
          12,
          'http://localhost:4400',
        )
        expect(lines[0]).toMatch(/^Fairlead: .*prepaid/)
        expect(lines.length).toBeLessThanOrEqual(2)
      }),
    )
  })
})

describe('names and addresses', () => {
  test('git accepts every branch name that is accepted here', () => {
    const piece = fc.constantFrom(
      'a',
      'B9',
      '/',
      '.',
      '..',
      '-',
      '@',
      '{',
      '@{',
      '~',
      '^',
      ':',
      '?',
      '*',
      '[',
      '\\',
      ' ',
      '.lock',
      '\x7f',
      '\t',
      'ü',
      '$(x)',
      "'",
    )
    const names = fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join(''))
    let taken = 0
    fc.assert(
      fc.property(names, (name) => {
        if (branchProblem(name) !== null) return
        taken += 1
        expect(
          spawnSync('git', ['check-ref-format', '--branch', name]).status,
          JSON.stringify(name),
        ).toBe(0)
      }),
      { numRuns: 300 },
    )
    expect(taken).toBeGreaterThan(10)
  })

  test.each(['main', 'feature/x', 'release-1.2', "fix/$(x)'", 'ü'])(
    '%s can be a branch',
    (name) => {
      expect(branchProblem(name)).toBe(null)
    },
  )

  test.each([
    'https://a.example/x.git',
    'http://a/x',
    'ssh://git@a/x',
    'git://a/x',
    'file:///srv/x.git',
    'git@a.example:team/x.git',
    'ssh://git@a.example:2222/x.git',
    'ssh://[fd00::1]:22/x.git',
    'git://[::1]/x',
  ])('%s can be an address', (url) => {
    expect(repositoryProblem({ kind: 'url', url })).toBe(null)
  })

  test.each([
    'ext::sh -c "touch x"',
    'ext::sh',
    '--upload-pack=touch',
    '-x',
    'fd::3',
    '/srv/x',
    '../x',
    'javascript:x',
    'https://a/x y',
    'https://a/x\n',
    'ftp://a/x',
    '-oProxyCommand=x@a:b',
    'ssh://-oProxyCommand=x/y',
    'ssh://git@$(touch${IFS}x)/y',
    'ssh://git@a;touch/y',
    "ssh://git@a'b/y",
    // git decodes the address, and then takes what is before the first slash as the host.
    'ssh://$(touch)%2Fa@a/y',
    'ssh://a%24b/y',
    'git://a`b`/y',
  ])('%j can be none', (url) => {
    expect(repositoryProblem({ kind: 'url', url })).toMatch(/^the address /)
  })

  test('a path must be absolute', () => {
    expect(repositoryProblem({ kind: 'path', path: '../x' })).toBe('the path must be absolute')
    expect(repositoryProblem({ kind: 'path', path: '/srv/x' })).toBe(null)
  })

  test.each([
    ['https://ada:p%40ss@a.example:8443/x.git', 'https://a.example:8443/x.git', 'ada:p@ss'],
    ['https://token@a.example/x.git', 'https://a.example/x.git', 'token:'],
    ['http://a:b@c@a.example/x', 'http://a.example/x', 'a:b@c'],
  ])('git is given %s without what is secret, and that as a header', (url, address, who) => {
    const given = addressOf({ kind: 'url', url })
    expect(given.address).toBe(address)
    expect(Object.values(given.config)).toEqual([
      `Authorization: Basic ${Buffer.from(who).toString('base64')}`,
    ])
  })

  test.each(['https://a.example/x.git', 'ssh://git@a.example/x.git', 'git@a.example:x.git'])(
    '%s is given as it is',
    (url) => {
      expect(addressOf({ kind: 'url', url })).toEqual({ address: url, config: {} })
    },
  )
})
