import { describe, expect, test } from 'vitest'
import { forgeKinds, senderKinds } from '#contract/forge/forge.ts'
import { type ForgeVariant, forgesOf, pushes, standard } from '../../../test/support/forge.ts'
import { headRefs } from '../../../test/support/pull-request.ts'
import type { Forge } from './forge.ts'
import { forges } from './forges.generated.ts'
import { forgeOf, senderOf } from './registry.ts'

const secret = `whsec_${Buffer.from('a key of thirty-two bytes length').toString('base64')}`
const other = `whsec_${Buffer.from('another key of thirty-two bytes.').toString('base64')}`
const now = Date.now()
const [before, after] = ['a'.repeat(40), 'b'.repeat(40)]

const variantsOf = ({ kind }: Forge): [string, ForgeVariant][] =>
  Object.entries(pushes).filter(([name]) => name.split(' ')[0] === kind)

/** Events that are no check-in, as each kind sends them. */
const others: Record<string, [string, unknown, Record<string, string>?]> = {
  github: ['issues', { action: 'opened', issue: { number: 1 } }],
  gitlab: ['Job Hook', { object_kind: 'build', ref: 'main' }],
  gitea: ['issues', { action: 'opened', issue: { number: 1 } }],
  forgejo: ['issues', { action: 'opened', issue: { number: 1 } }],
  bitbucket: ['repo:fork', { fork: {} }],
  cloudevents: [
    'dev.cdevents.build.finished.0.2.0',
    {},
    {
      ...{ 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/x' },
      'ce-type': 'dev.cdevents.build.finished.0.2.0',
    },
  ],
}

/** The event by which a kind checks that the webhook works; absent when it has none. */
const pings: Record<string, string> = {
  github: 'ping',
  gitea: 'ping',
  forgejo: 'ping',
  bitbucket: 'diagnostics:ping',
}

test('the contract lists the kinds of all plugins', () => {
  expect(forges.map(({ kind }) => kind)).toEqual(senderKinds)
  expect(forges.filter(({ api }) => api !== undefined).map(({ kind }) => kind)).toEqual(forgeKinds)
  expect(new Set(senderKinds).size).toBe(senderKinds.length)
})

test('an unknown kind is an error', () => {
  expect(() => forgeOf('svn')).toThrow('no forge of the kind "svn"')
})

describe.each<Forge>(forges)('the webhook of $title', (forge) => {
  const { webhook, kind } = forge
  const variants = variantsOf(forge)

  test('reads its example as a push', () => {
    const { headers, payload } = webhook.example
    expect(senderOf(headers)?.kind).toBe(kind)
    const read = webhook.read(webhook.event(headers), payload, headers)
    expect(read).toMatchObject([{ kind: 'push', after }])
    expect(read[0]?.kind === 'push' && read[0].ref).toMatch(/^refs\/heads/)
  })

  test('has a signed delivery among the examples of the tests', () => {
    expect(variants.length).toBeGreaterThan(0)
  })

  test.each(variants)('accepts a signed delivery, and no other: %s', (_name, sign) => {
    const sent = sign(secret, { before, after, id: 'one' })
    const request = { headers: sent.headers, body: Buffer.from(sent.body), now }
    expect(senderOf(sent.headers)?.kind).toBe(kind)
    expect(webhook.isSigned(sent.headers)).toBe(true)
    expect(webhook.isAuthentic({ ...request, secrets: [secret] })).toBe(true)
    expect(webhook.isAuthentic({ ...request, secrets: [other, secret] })).toBe(true)
    expect(webhook.isAuthentic({ ...request, secrets: [other] })).toBe(false)
    expect(webhook.isAuthentic({ ...request, secrets: [] })).toBe(false)
    const changed = Buffer.from(sent.body.replace(after, before))
    // A plain token proves who sends, but does not cover the body.
    const isToken = Object.values(sent.headers).some((value) => value.includes(secret))
    expect(webhook.isAuthentic({ ...request, body: changed, secrets: [secret] })).toBe(isToken)
    const unsigned = Object.fromEntries(
      Object.entries(sent.headers).filter(([name]) => !/signature|token|authorization/.test(name)),
    )
    expect(senderOf(unsigned)?.kind).toBe(kind)
    expect(webhook.isSigned(unsigned)).toBe(false)
    expect(webhook.isAuthentic({ ...request, headers: unsigned, secrets: [secret] })).toBe(false)
  })

  test.each(variants)('gives a repeated delivery the same ID: %s', (_name, sign) => {
    const idOf = (id: string): string | null =>
      webhook.deliveryId(sign(secret, { before, after, id }).headers)
    expect(idOf('one')).toBe(idOf('one'))
    // Structured CloudEvents carry their ID only in the body.
    if (idOf('one') !== null && !_name.endsWith('structured'))
      expect(idOf('one')).not.toBe(idOf('two'))
  })

  test('refuses a copy of a delivery whose signed time has passed', () => {
    const isTimed = variants.some(
      ([, sign]) => 'webhook-timestamp' in sign(secret, { before, after }).headers,
    )
    const body = '{}'
    const at = (ms: number) => ({
      headers: { ...webhook.example.headers, ...standard(secret, 'x', body, ms / 1000) },
      ...{ body: Buffer.from(body), secrets: [secret], now },
    })
    const seconds = Math.floor(now / 1000) * 1000
    expect(webhook.isAuthentic(at(seconds))).toBe(isTimed)
    expect(webhook.isAuthentic(at(seconds - 301_000))).toBe(false)
    expect(webhook.isAuthentic(at(seconds + 302_000))).toBe(false)
  })

  test('reads a ping, where the forge sends one', () => {
    const event = pings[kind]
    if (event !== undefined)
      expect(webhook.read(event, { zen: 'x' }, {})).toEqual([{ kind: 'ping' }])
  })

  test('reads an event that is no check-in as such', () => {
    const [event, payload, headers = {}] = others[kind] ?? ['', {}]
    expect(webhook.read(event, payload, headers)).toMatchObject([{ kind: 'other' }])
  })
})

describe('the ref of an announced pull request', () => {
  test.each(forges.flatMap((forge) => forgesOf(forge.kind).map((name) => [name, forge] as const)))(
    'at %s',
    (name, forge) => {
      const repository = name.endsWith('cloud') ? 'https://git.example.com/acme/shop' : 'acme/shop'
      const ref = forge.pullRequestRef?.({
        number: 7,
        head: { sha: after, branch: 'feature', repository },
        base: { branch: 'main', repository },
      })
      expect(ref).toBe(headRefs[name]?.({ number: 7, branch: 'feature' }))
      expect(ref !== undefined).toBe(forge.api !== undefined)
    },
  )
})

describe.each(forges.flatMap(({ title, api }) => (api ? [[title, api] as const] : [])))(
  'the configuration of %s',
  (title, { config, example, publicUrl }) => {
    test('is valid for the example, with the public service as its default', () => {
      const { url, ...rest } = example
      expect(config.parse(example)).toMatchObject(rest)
      const without = config.safeParse({ ...rest })
      if (publicUrl === null) {
        expect(without.error?.issues).toMatchObject([
          { path: ['url'], message: expect.stringContaining('must say where the API') },
        ])
        expect(url).toBeDefined()
      } else expect(without.data).toMatchObject({ url: publicUrl })
    })

    test('drops the slash at the end of the address', () => {
      const url = 'https://git.example.com/api//'
      expect(config.parse({ ...example, url }).url).toBe('https://git.example.com/api')
    })

    test('is refused with a token that no header can carry', () => {
      expect(config.safeParse({ ...example, token: 'two words' }).error?.issues).toMatchObject([
        { path: ['token'], message: 'must be one word of ASCII' },
      ])
    })

    test('names a setting that this kind does not have', () => {
      expect(config.safeParse({ ...example, colour: 'blue' }).error?.issues).toMatchObject([
        { message: `is not accepted by ${title}` },
      ])
    })
  },
)
