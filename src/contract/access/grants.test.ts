import fc from 'fast-check'
import { expect, test } from 'vitest'
import { mayDo, type Role, roles } from '#contract/endpoint.ts'
import {
  highestRole,
  isWithin,
  may,
  narrow,
  type Grants,
  describeGrants,
  roleFor,
  union,
  visibleApps,
} from './grants.ts'

// `constructor` is a valid name of an app and a property of every object.
const app = fc.constantFrom('shop', 'bank', 'constructor', 'web')
const role = fc.constantFrom<Role>(...roles)
const grants: fc.Arbitrary<Grants> = fc.record({
  role: fc.option(role),
  apps: fc.dictionary(app, role),
})
const limit = fc.record({ role, apps: fc.option(fc.array(app)) })

test('a token grants no more than its user and its role', () => {
  fc.assert(
    fc.property(grants, limit, app, (user, token, name) => {
      const left = narrow(user, token)
      expect(isWithin(left, user)).toBe(true)
      for (const one of [name, null]) {
        const have = roleFor(left, one)
        if (have !== null) expect(mayDo(token.role, have)).toBe(true)
        if (have !== null && token.apps !== null) expect(token.apps).toContain(one)
      }
    }),
  )
})

test('a token with the role admin for all apps removes nothing', () => {
  fc.assert(
    fc.property(grants, app, (user, name) => {
      const same = narrow(user, { role: 'admin', apps: null })
      for (const one of [name, null]) expect(roleFor(same, one)).toBe(roleFor(user, one))
    }),
  )
})

test('a union grants everything that either grants, and nothing else', () => {
  fc.assert(
    fc.property(grants, grants, app, role, (one, other, name, needed) => {
      for (const of of [name, null])
        expect(may(union(one, other), needed, of)).toBe(
          may(one, needed, of) || may(other, needed, of),
        )
    }),
  )
})

test('a caller sees every app that they may do something with', () => {
  fc.assert(
    fc.property(grants, app, role, (user, name, needed) => {
      if (!may(user, needed, name)) return
      expect(mayDo(highestRole(user), needed)).toBe(true)
      expect(visibleApps(user) ?? [name]).toContain(name)
    }),
  )
})

test('an app with the name of an object property grants nothing', () => {
  expect(roleFor({ role: null, apps: {} }, 'constructor')).toBeNull()
  expect(may({ role: null, apps: {} }, 'viewer', 'constructor')).toBe(false)
})

test('describes grants in words', () => {
  expect(describeGrants({ role: null, apps: {} })).toBe('no role')
  expect(
    describeGrants({ role: 'viewer', apps: { shop: 'operator', web: 'operator', bank: 'admin' } }),
  ).toBe('viewer; operator of shop, web; admin of bank')
})
