import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { headersFor, parseHeaders } from './headers.ts'
import { parseRedirects, redirectFor } from './redirects.ts'

const headers = (text: string, path: string, defaults: Record<string, string> = {}) => {
  const rules = parseHeaders(text)
  if (typeof rules === 'string') throw new Error(rules)
  return headersFor(rules, path, defaults)
}

const go = (text: string, path: string, more: { query?: string; hasFile?: boolean } = {}) => {
  const rules = parseRedirects(text)
  if (typeof rules === 'string') throw new Error(rules)
  return redirectFor(rules, { path, query: '', hasFile: false, ...more })
}

describe('_headers', () => {
  test('sets, joins, replaces and removes headers by path', () => {
    const text = `
# all
/*
  X-Frame-Options: DENY
  Link: </a.css>; rel=preload
/assets/*
  Cache-Control: max-age=31536000
  Link: </b.js>; rel=preload
  ! X-Frame-Options
/users/:id
  X-User: :id
`
    const defaults = { 'cache-control': 'no-cache' }
    expect(headers(text, '/', defaults)).toEqual({
      ...{ 'cache-control': 'no-cache', 'x-frame-options': 'DENY' },
      link: '</a.css>; rel=preload',
    })
    expect(headers(text, '/assets/x/y.js', defaults)).toEqual({
      'cache-control': 'max-age=31536000',
      link: '</a.css>; rel=preload, </b.js>; rel=preload',
    })
    expect(headers(text, '/users/7')).toMatchObject({ 'x-user': '7' })
    expect(headers(text, '/users/7/more')).not.toHaveProperty('x-user')
  })

  test.each([
    ['  X-A: b', 'line 1 of _headers: a header comes before the first path'],
    ['/\n  no header', 'line 2 of _headers: `no header` is not `Name: value`'],
    ['/\n  Content-Length: 3', 'line 2 of _headers: the server sets `Content-Length` itself'],
    ['a/b', 'line 1 of _headers: `a/b` does not begin with `/`'],
    ['/a/*/b', 'line 1 of _headers: `/a/*/b` has `*` before its end'],
    ['/a*', 'line 1 of _headers: `*` of `/a*` is not a part of its own'],
    ['/:id/:id', 'line 1 of _headers: `/:id/:id` uses a name twice'],
    ['/\n  X-A: a\u0001b', 'has a character that a header cannot have'],
  ])('%j is refused with its line', (text, problem) => {
    expect(parseHeaders(text)).toContain(problem)
  })
})

describe('_redirects', () => {
  test('redirects, with names, the rest and the query', () => {
    const text = `
/old /new # moved
/blog/:year/* https://blog.example.com/:year/:splat 302
/app/* /app/index.html 200
`
    expect(go(text, '/old', { query: '?a=1' })).toEqual({ location: '/new?a=1', status: 301 })
    expect(go(text, '/blog/2026/a/ü b')).toEqual({
      location: 'https://blog.example.com/2026/a/%C3%BC%20b',
      status: 302,
    })
    expect(go(text, '/app/deep/link')).toEqual({ path: '/app/index.html', status: 200 })
    expect(go('/* /no.html 404', '/x')).toEqual({ path: '/no.html', status: 404 })
    expect(go(text, '/none')).toBeNull()
  })

  test('a file is answered, unless the rule is forced', () => {
    expect(go('/a /b', '/a', { hasFile: true })).toBeNull()
    expect(go('/a /b 302!', '/a', { hasFile: true })).toEqual({ location: '/b', status: 302 })
  })

  test('a rule never leads to itself or, from a path, to another host', () => {
    expect(go('/* /:splat', '/a/b')).toBeNull()
    const part = fc.string({ unit: fc.constantFrom('/', '\\', 'a', '.', '@', '%', ':') })
    fc.assert(
      fc.property(part, (path) => {
        const result = go('/go/* /:splat', `/go/${path}`)
        if (result === null || !('location' in result)) return
        expect(new URL(result.location, 'https://site.example.com').host).toBe('site.example.com')
      }),
    )
  })

  test.each([
    ['/a', 'line 1 of _redirects: `/a` is not `FROM TO [STATUS]`'],
    ['\n/a /b 418', 'line 2 of _redirects: the status `418` is not one of'],
    ['/a javascript:x', '`javascript:x` is not a path or an address'],
    ['/a //evil.example.com', '`//evil.example.com` is not a path or an address'],
    ['/a https://x.example.com 200', 'with the status 200 must be a path'],
  ])('%j is refused with its line', (text, problem) => {
    expect(parseRedirects(text)).toContain(problem)
  })
})
