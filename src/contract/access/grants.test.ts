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

// `constructor` is a name that an app may have, and that every object knows.
const app = fc.constantFrom('shop', 'bank', 'constructor', 'web')
const role = fc.constantFrom<Role>(...roles)
const grants: fc.Arbitrary<Grants> = fc.record({
  role: fc.option(role),
  apps: fc.dictionary(app, role),
})
const limit = fc.record({ role, apps: fc.option(fc.array(app)) })

test('a token can do no more than its user, and no more than its role', () => {
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

test('a token with the highest role for all takes nothing away', () => {
  fc.assert(
    fc.property(grants, app, (user, name) => {
      const same = narrow(user, { role: 'admin', apps: null })
      for (const one of [name, null]) expect(roleFor(same, one)).toBe(roleFor(user, one))
    }),
  )
})

test('what two give union is all that either gives, and nothing else', () => {
  fc.assert(
    fc.property(grants, grants, app, role, (one, other, name, needed) => {
      for (const of of [name, null])
        expect(may(union(one, other), needed, of)).toBe(
          may(one, needed, of) || may(other, needed, of),
        )
    }),
  )
})

test('whoever may do something may do it somewhere, and sees that app', () => {
  fc.assert(
    fc.property(grants, app, role, (user, name, needed) => {
      if (!may(user, needed, name)) return
      expect(mayDo(highestRole(user), needed)).toBe(true)
      expect(visibleApps(user) ?? [name]).toContain(name)
    }),
  )
})

test('who has nothing has nothing with an app that is called like what objects have', () => {
  expect(roleFor({ role: null, apps: {} }, 'constructor')).toBeNull()
  expect(may({ role: null, apps: {} }, 'viewer', 'constructor')).toBe(false)
})

test('is told in words', () => {
  expect(describeGrants({ role: null, apps: {} })).toBe('no role')
  expect(
    describeGrants({ role: 'viewer', apps: { shop: 'operator', web: 'operator', bank: 'admin' } }),
  ).toBe('viewer; operator of shop, web; admin of bank')
})
