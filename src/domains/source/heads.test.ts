import { expect, test } from 'vitest'
import { placeOf } from './heads.ts'

const ours = { kind: 'url' as const, url: 'https://user:token@bitbucket.org/acme/shop.git' }
const branch = { number: 7, ref: 'refs/heads/feature' }

test('a head is fetched from the ref that the forge keeps for it, forks included', () => {
  const head = { number: 7, ref: 'refs/pull/7/head', fork: 'mallory/shop' }
  expect(placeOf(ours, head)).toEqual({
    number: 7,
    ref: 'refs/pull/7/head',
    repository: ours,
    isForeign: false,
  })
  expect(placeOf(ours, { ...branch, fork: null })).toMatchObject({
    repository: ours,
    isForeign: false,
  })
})

test('a branch of a fork is fetched from the fork, without the credentials of the server', () => {
  const url = 'https://bitbucket.org/mallory/shop'
  expect(placeOf(ours, { ...branch, fork: url })).toEqual({
    ...branch,
    repository: { kind: 'url', url },
    isForeign: true,
  })
})

test.each([
  'https://169.254.169.254/shop',
  'http://bitbucket.org/mallory/shop',
  'https://bitbucket.org:8443/mallory/shop',
  'https://me:secret@bitbucket.org/mallory/shop',
  'file:///etc',
  'ext::sh -c id',
  'a repository that is gone',
])('a fork at %s is not asked', (fork) => {
  expect(placeOf(ours, { ...branch, fork })).toEqual({
    problem: 'its head is in another repository, whose address cannot be used',
  })
})

test('a hosted repository has no heads of pull requests', () => {
  expect(placeOf({ kind: 'hosted' }, { ...branch, fork: null })).toHaveProperty('problem')
})
