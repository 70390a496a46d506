import { createRequire } from 'node:module'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { WebhookSender } from './forge.ts'
import { forgeOf, forges } from './registry.ts'

const [github, gitlab, gitea, bitbucket] = ['github', 'gitlab', 'gitea', 'bitbucket'].map(
  (kind) => forgeOf(kind).webhook,
) as [WebhookSender, WebhookSender, WebhookSender, WebhookSender]

interface Examples {
  name: string
  examples: Record<string, unknown>[]
}

describe("GitHub's collection of example payloads", () => {
  const load = createRequire(import.meta.url)
  test.each(['api.github.com', 'ghes-31', 'ghes-35'])(
    'every push and pull request of %s is read',
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

describe('a comment or a review of a pull request at Gitea', () => {
  test.each([
    ['pull_request_comment', { comment: { id: 1 }, issue: { number: 2 } }],
    ['pull_request_approved', { review: { type: 'approved' }, pull_request: {} }],
  ])('is no check-in: %s', (event, payload) => {
    expect(gitea.read(event, payload, {})).toEqual([{ kind: 'other', what: event }])
  })
})

const [one, two, zeros] = ['a'.repeat(40), 'b'.repeat(40), '0'.repeat(40)]

// From the collections of payloads of go-playground/webhooks and drone/go-scm.
describe('a push in an unusual form is read', () => {
  const branch = (name: string, hash: string, type = 'branch') => ({ type, name, target: { hash } })
  test.each([
    [
      'GitLab: system hook',
      gitlab,
      'System Hook',
      { event_name: 'push', ref: 'refs/heads/main', before: one, after: two },
      [['refs/heads/main', one, two]],
    ],
    [
      'GitLab: deleted tag',
      gitlab,
      'Tag Push Hook',
      { object_kind: 'tag_push', ref: 'refs/tags/v1', before: one, after: zeros },
      [['refs/tags/v1', one, null]],
    ],
    [
      'Bitbucket: deleted branch',
      bitbucket,
      'repo:push',
      { push: { changes: [{ old: branch('old', one), new: null }] } },
      [['refs/heads/old', one, null]],
    ],
    [
      'Bitbucket: tag and branch in one push',
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
      'Bitbucket Data Center',
      bitbucket,
      'repo:refs_changed',
      { changes: [{ ref: { id: 'refs/heads/main' }, fromHash: zeros, toHash: one }] },
      [['refs/heads/main', null, one]],
    ],
    [
      'Gitea: new branch',
      gitea,
      'push',
      { ref: 'refs/heads/feat/x', before: zeros, after: one },
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

test('any payload is read, or refused with a ZodError', () => {
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
      zeros,
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
          expect(forge.webhook.read(event, body, { 'ce-type': event })).toBeInstanceOf(Array)
        } catch (error) {
          expect(error).toBeInstanceOf(z.ZodError)
        }
      },
    ),
    { numRuns: 2000 },
  )
})

describe('the address of the pusher', () => {
  const push = { ref: 'refs/heads/main', before: one, after: two }
  const email = 'ada@example.com'
  test.each([
    ['GitHub', github, { sender: { login: 'ada' }, pusher: { name: 'ada', email } }, email],
    [
      'GitHub: another sender',
      github,
      { sender: { login: 'bot' }, pusher: { name: 'ada', email } },
      undefined,
    ],
    ['Gitea', gitea, { sender: { login: 'ada' }, pusher: { login: 'ada', email } }, email],
    ['GitLab', gitlab, { user_username: 'ada', user_email: email }, email],
    ['GitLab: hidden', gitlab, { user_username: 'ada', user_email: '[REDACTED]' }, undefined],
  ])('%s', (_name, sender, who, expected) => {
    const [read] = sender.read('push', { object_kind: 'push', ...push, ...who }, {})
    expect((read as { email?: string }).email).toBe(expected)
  })
})

describe('the commit of a merge', () => {
  const end = { ref: 'main', sha: one, repo: { clone_url: 'https://x/y.git' } }
  const pull = { number: 1, title: 'x', user: { login: 'ada' }, head: end, base: end }
  const attributes = {
    ...{ iid: 1, title: 'x', source_branch: 'a', target_branch: 'main', last_commit: { id: one } },
  }
  test.each([
    [
      github,
      { pull_request: { ...pull, state: 'closed', merged: true, merge_commit_sha: two } },
      two,
    ],
    [github, { pull_request: { ...pull, state: 'open', merge_commit_sha: two } }, undefined],
    [
      gitlab,
      {
        object_kind: 'merge_request',
        object_attributes: { ...attributes, state: 'merged', merge_commit_sha: two },
      },
      two,
    ],
    [
      gitlab,
      { object_kind: 'merge_request', object_attributes: { ...attributes, state: 'merged' } },
      one,
    ],
  ])('%#', (sender, payload, expected) => {
    const [read] = sender.read('pull_request', payload, {})
    expect((read as { mergedAs?: string }).mergedAs).toBe(expected)
  })
})
