import { expect, test } from 'vitest'
import { gatewayForms } from '#platform/net/metadata.ts'
import { missingRules } from './metadata-routes.ts'

const users = { first: 60_578, last: 61_183 }
const shown = `0:	from all lookup local
32762:	from all to 168.63.129.16 uidrange 60578-61183 dport 1-52 prohibit
32763:	from all to fd20:ce::/32 uidrange 60578-61183 dport 54-65534 prohibit
32764:	from all to fd20:ce::/32 uidrange 60578-61183 dport 1-52 prohibit
32765:	from all to 100.100.100.200 uidrange 1-2 dport 1-52 prohibit
32766:	from all lookup main
`

test('IPv6 forms of a network have the spelling of `ip rule show`', () => {
  expect(gatewayForms('169.254.0.0/16')).toEqual([
    '64:ff9b::a9fe:0/112',
    '64:ff9b:1::a9fe:0/112',
    '2002:a9fe::/32',
  ])
  expect(gatewayForms('100.100.100.200/32').at(-1)).toBe('2002:6464:64c8::/48')
})

test('adds the rules that are not in force', () => {
  expect(missingRules(shown, ['168.63.129.16/32', 'fd20:ce::/32'], users)).toEqual([
    'rule add to 168.63.129.16 uidrange 60578-61183 dport 54-65534 prohibit',
  ])
  expect(missingRules(shown, ['100.100.100.200/32'], users)).toHaveLength(2)
  expect(missingRules(shown, ['fd00:42::42/128'], users)[0]).toBe(
    'rule add to fd00:42::42 uidrange 60578-61183 dport 1-52 prohibit',
  )
})
