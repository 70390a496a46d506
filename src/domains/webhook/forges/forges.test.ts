import { createRequire } from 'node:module'
import { describe, expect, test } from 'vitest'
import { gitea } from './gitea.ts'
import { github } from './github.ts'

interface Examples {
  name: string
  examples: Record<string, unknown>[]
}

describe("what GitHub's own collection holds", () => {
  const load = createRequire(import.meta.url)
  test.each(['api.github.com', 'ghes-31', 'ghes-35'])('of %s is read, every push and pull request of it', (version) => {
    const all = load(`@octokit/webhooks-examples/${version}/index.json`) as Examples[]
    const kinds = new Map<string, number>()
    for (const { name, examples } of all)
      for (const payload of examples)
        for (const one of github.read(name, payload, {})) {
          kinds.set(one.kind, (kinds.get(one.kind) ?? 0) + 1)
          if (one.kind === 'push') expect(one.by).toMatch(/\S/)
        }
    const count = (name: string): number => all.find((one) => one.name === name)?.examples.length ?? 0
    expect(kinds.get('push')).toBe(count('push'))
    expect(kinds.get('pull_request')).toBe(count('pull_request'))
    expect(count('push') + count('pull_request')).toBeGreaterThan(1)
    expect(kinds.get('other')).toBeGreaterThan(20)
  })
})

describe('what Gitea says of a pull request', () => {
  test.each([
    ['pull_request_comment', { comment: { id: 1 }, issue: { number: 2 } }],
    ['pull_request_approved', { review: { type: 'approved' }, pull_request: {} }],
  ])('by %s is no check-in', (event, payload) => {
    expect(gitea.read(event, payload, {})).toEqual([{ kind: 'other', what: event }])
  })
})
