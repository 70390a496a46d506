import { createRequire } from 'node:module'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { forges } from './all.ts'
import { bitbucket } from './bitbucket.ts'
import { gitlab } from './gitlab.ts'
import { gitea } from './gitea.ts'
import { github } from './github.ts'

interface Examples {
  name: string
  examples: Record<string, unknown>[]
}

describe("what GitHub's own collection holds", () => {
  const load = createRequire(import.meta.url)
  test.each(['api.github.com', 'ghes-31', 'ghes-35'])(
    'of %s is read, every push and pull request of it',
    (version) => {
      const all = load(`@octokit/webhooks-examples/${version}/index.json`) as Examples[]
      const kinds = new Map<string, number>()
      for (const { name, examples } of all)
        for (const payload of examples)
          for (const one of github.read(name, payload, {})) {
            kinds.set(one.kind, (kinds.get(one.kind) ?? 0) + 1)
            if (one.kind === 'push') expect(one.by).toMatch(/\S/)
          }
      const count = (name: string): number =>
        all.find((one) => one.name === name)?.examples.length ?? 0
      expect(kinds.get('push')).toBe(count('push'))
      expect(kinds.get('pull_request')).toBe(count('pull_request'))
      expect(count('push') + count('pull_request')).toBeGreaterThan(1)
      expect(kinds.get('other')).toBeGreaterThan(20)
    },
  )
})

describe('what Gitea says of a pull request', () => {
  test.each([
    ['pull_request_comment', { comment: { id: 1 }, issue: { number: 2 } }],
    ['pull_request_approved', { review: { type: 'approved' }, pull_request: {} }],
  ])('by %s is no check-in', (event, payload) => {
    expect(gitea.read(event, payload, {})).toEqual([{ kind: 'other', what: event }])
  })
})

const [one, two, none] = ['a'.repeat(40), 'b'.repeat(40), '0'.repeat(40)]

// The shapes that the collections of go-playground/webhooks and drone/go-scm hold beside the plain
// push.
describe('shapes of a push that collections of payloads hold', () => {
  const branch = (name: string, hash: string, type = 'branch') => ({ type, name, target: { hash } })
  test.each([
    [
      'a system hook of GitLab',
      gitlab,
      'System Hook',
      { event_name: 'push', ref: 'refs/heads/main', before: one, after: two },
      [['refs/heads/main', one, two]],
    ],
    [
      'a tag that goes, at GitLab',
      gitlab,
      'Tag Push Hook',
      { object_kind: 'tag_push', ref: 'refs/tags/v1', before: one, after: none },
      [['refs/tags/v1', one, null]],
    ],
    [
      'a branch that goes, at Bitbucket',
      bitbucket,
      'repo:push',
      { push: { changes: [{ old: branch('old', one), new: null }] } },
      [['refs/heads/old', one, null]],
    ],
    [
      'a tag and a branch at once, at Bitbucket',
      bitbucket,
      'repo:push',
      {
        push: {
          changes: [
            { old: null, new: branch('v1', one, 'tag') },
            { old: branch('main', one), new: branch('main', two) },
          ],
        },
      },
      [
        ['refs/tags/v1', null, one],
        ['refs/heads/main', one, two],
      ],
    ],
    [
      'Data Center',
      bitbucket,
      'repo:refs_changed',
      { changes: [{ ref: { id: 'refs/heads/main' }, fromHash: none, toHash: one }] },
      [['refs/heads/main', null, one]],
    ],
    [
      'a branch that is new, at Gitea',
      gitea,
      'push',
      { ref: 'refs/heads/feat/x', before: none, after: one },
      [['refs/heads/feat/x', null, one]],
    ],
  ] as const)('%s', (_name, forge, event, payload, expected) => {
    const read = forge.read(event, payload, {})
    expect(
      read.map(
        (checkIn) => checkIn.kind === 'push' && [checkIn.ref, checkIn.before, checkIn.after],
      ),
    ).toEqual(expected)
  })
})

test('whatever is sent is read, or is wrong in a field that is named', () => {
  const events = [
    ...[
      'push',
      'ping',
      'pull_request',
      'pull_request_sync',
      'repo:push',
      'repo:refs_changed',
      'pullrequest:created',
    ],
    ...['pr:opened', 'Push Hook', 'issues', '', 'constructor', '__proto__'],
  ]
  const keys = [
    ...[
      'ref',
      'before',
      'after',
      'push',
      'changes',
      'object_kind',
      'event_name',
      'pull_request',
      'pullrequest',
    ],
    ...[
      'object_attributes',
      'number',
      'state',
      'title',
      'head',
      'base',
      'sha',
      'new',
      'old',
      'target',
      'hash',
      'review',
    ],
  ]
  const leaf = fc.oneof(
    fc.constantFrom(
      one,
      none,
      'refs/heads/main',
      'push',
      'merge_request',
      'open',
      '\0',
      '\ud800',
      1,
      true,
      null,
    ),
    fc.string(),
  )
  const { payload } = fc.letrec((tie) => ({
    payload: fc.oneof(
      { maxDepth: 5 },
      leaf,
      fc.array(tie('payload'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...keys), tie('payload'), { maxKeys: 6 }),
    ),
  }))
  fc.assert(
    fc.property(
      fc.constantFrom(...forges),
      fc.constantFrom(...events),
      payload,
      (forge, event, body) => {
        try {
          expect(forge.read(event, body, { 'ce-type': event })).toBeInstanceOf(Array)
        } catch (error) {
          expect(error).toBeInstanceOf(z.ZodError)
        }
      },
    ),
    { numRuns: 2000 },
  )
})
