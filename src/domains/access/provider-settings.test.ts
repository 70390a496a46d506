import { describe, expect, test } from 'vitest'
import { safePage } from '#contract/access/access.ts'
import {
  isAllowed,
  type ProviderSettings,
  readClaims,
  readProviderSettings,
  grantsOfGroups,
} from './provider-settings.ts'

const needed = {
  FAIRLEAD_OIDC_ISSUER: 'https://id.example.com',
  FAIRLEAD_OIDC_CLIENT_ID: 'fairlead',
}
const read = (env: Record<string, string> = {}): ProviderSettings =>
  readProviderSettings({ ...needed, ...env })!

describe('the settings', () => {
  test('are null without an issuer, and default to all but the client', () => {
    expect(readProviderSettings({})).toBeNull()
    expect(read()).toMatchObject({
      name: 'id.example.com',
      clientSecret: null,
      scopes: 'openid profile email',
      roles: [],
      unknownRole: null,
    })
  })

  test('accept every form of group names that providers use', () => {
    const { roles } = read({
      FAIRLEAD_OIDC_ROLES: 'cn=ops,ou=People, dc=x=admin; Shop Team=operator:shop\n/dev=developer',
    })
    expect(roles).toEqual([
      { group: 'cn=ops,ou=People, dc=x', role: 'admin', app: null },
      { group: 'Shop Team', role: 'operator', app: 'shop' },
      { group: '/dev', role: 'developer', app: null },
    ])
    expect(
      grantsOfGroups(read({ FAIRLEAD_OIDC_ROLES: 'a=viewer; b=operator:shop; c=admin:shop' }), [
        'a',
        'b',
        'z',
      ]),
    ).toEqual({
      role: 'viewer',
      apps: { shop: 'operator' },
    })
  })

  test('read the client secret from a file', () => {
    const env = { ...needed, FAIRLEAD_OIDC_CLIENT_SECRET_FILE: '/run/secret' }
    expect(readProviderSettings(env, (path) => `secret of ${path}\n`)?.clientSecret).toBe(
      'secret of /run/secret',
    )
  })

  test.each<[string, Record<string, string>]>([
    ['FAIRLEAD_OIDC_ISSUER must be an https', { FAIRLEAD_OIDC_ISSUER: 'http://id.example.com' }],
    ['FAIRLEAD_OIDC_ISSUER must be an https', { FAIRLEAD_OIDC_ISSUER: 'id.example.com' }],
    ['FAIRLEAD_OIDC_CLIENT_ID is missing', { FAIRLEAD_OIDC_CLIENT_ID: ' ' }],
    ['FAIRLEAD_OIDC_SCOPES must contain openid', { FAIRLEAD_OIDC_SCOPES: 'profile' }],
    ['"x=king" must be GROUP=ROLE', { FAIRLEAD_OIDC_ROLES: 'x=king' }],
    ['"x=admin:../etc" must be GROUP=ROLE', { FAIRLEAD_OIDC_ROLES: 'x=admin:../etc' }],
    ['FAIRLEAD_OIDC_UNKNOWN must be refuse', { FAIRLEAD_OIDC_UNKNOWN: 'yes' }],
    [
      'FAIRLEAD_OIDC_CLIENT_SECRET_FILE cannot be read: ENOENT',
      { FAIRLEAD_OIDC_CLIENT_SECRET_FILE: '/no/such' },
    ],
  ])('reject an invalid value in one sentence: %s', (sentence, env) => {
    expect(() => read(env)).toThrow(sentence)
  })
})

describe('claims', () => {
  test('contain an e-mail address only when the provider verified it', () => {
    const claims = { sub: '1', name: 'Ada', email: 'ada@example.com' }
    expect(readClaims(read(), { ...claims, email_verified: true }).email).toBe('ada@example.com')
    for (const email_verified of [false, undefined, 'true', 1])
      expect(readClaims(read(), { ...claims, email_verified }).email).toBeNull()
  })

  test('are allowed by exact domain or group', () => {
    const of = (email: string, ...groups: string[]) =>
      readClaims(read(), { sub: '1', email, email_verified: true, groups })
    const byDomain = read({ FAIRLEAD_OIDC_DOMAINS: '@Example.com; example.org' })
    expect(isAllowed(byDomain, of('a@EXAMPLE.com'))).toBe(true)
    for (const email of [
      'a@evil-example.com',
      'a@sub.example.com',
      'a@example.com@evil.org',
      'example.com',
    ])
      expect(
        isAllowed(byDomain, email === 'example.com' ? readClaims(read(), { sub: '1' }) : of(email)),
      ).toBe(false)
    const byGroup = read({ FAIRLEAD_OIDC_GROUPS: 'staff' })
    expect(isAllowed(byGroup, of('a@b.c', 'staff'))).toBe(true)
    expect(isAllowed(byGroup, of('a@b.c', 'Staff', 'staff2'))).toBe(false)
    expect(isAllowed(read(), of('a@b.c'))).toBe(true)
  })

  test('accept groups as a list or as one text, and ignore anything else', () => {
    const groups = (value: unknown) => readClaims(read(), { sub: '1', groups: value }).groups
    expect(groups(['a', 3, null, 'b'])).toEqual(['a', 'b'])
    expect(groups('a')).toEqual(['a'])
    expect(groups({ a: 1 })).toEqual([])
  })
})

test.each(['/', '/runs?app=shop&x=%2F', '/apps/shop#a'])('%s is a page of the console', (page) => {
  expect(safePage(page)).toBe(page)
})
test.each([
  null,
  '',
  'runs',
  '//evil',
  String.raw`/\evil`,
  'https://evil',
  '/a b',
  '/a\nb',
  '/ä',
  String.raw`/a\b`,
])('%j is not a page of the console', (page) => {
  expect(safePage(page)).toBe('/')
})
