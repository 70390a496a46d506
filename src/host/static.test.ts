import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { type IncomingHttpHeaders, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { selfCommand } from '#platform/self.ts'
import { freePorts } from '../../test/support/ports.ts'
import { waitUntil } from '../../test/support/host.ts'
import { openSite } from './site.ts'
import { main } from './static.ts'

let folder: string
let port: number
let child: ReturnType<typeof spawn>

interface Answer {
  status: number
  headers: IncomingHttpHeaders
  text: string
}

/** The path goes out as it is: no client tidies it up. */
function get(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, path, method, headers, agent: false },
      (response) => {
        let text = ''
        response.on('data', (chunk: Buffer) => (text += chunk.toString()))
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
        )
      },
    )
    sent.on('error', reject)
    sent.end()
  })
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-static-'))
  const site = join(folder, 'site')
  for (const path of [
    site,
    join(site, 'docs'),
    join(site, 'blog'),
    join(site, 'grüße'),
    join(site, '.git'),
    join(site, '.well-known'),
  ])
    mkdirSync(path)
  const files = {
    'index.html': '<h1>home</h1>',
    'docs/index.html': 'docs',
    'about.html': 'about',
    'app.js': 'let a = "0123456789"',
    'empty.txt': '',
    '404.html': 'nothing here',
    _headers: '/app.js\n  Cache-Control: max-age=60\n/*\n  X-Frame-Options: DENY',
    _redirects:
      '/old /about?x=1 302\n/spa/* /index.html 200\n/about /docs 302\n/gone /404.html 404',
    '.env': 'SECRET=1',
    '.git/config': 'secret',
    '.well-known/security.txt': 'contact',
    'grüße/index.html': 'hallo',
    'blog.html': 'posts',
    'blog/first.html': 'first',
    'clip.mp4': '',
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(site, name), text)
  writeFileSync(join(folder, 'outside.txt'), 'outside')
  symlinkSync(join(folder, 'outside.txt'), join(site, 'link.txt'))
  symlinkSync(folder, join(site, 'up'))
  symlinkSync('.env', join(site, 'hidden.txt'))
  symlinkSync(join(site, 'about.html'), join(site, 'inside.html'))
  port = await freePorts()
  const [command, ...args] = selfCommand('static', '.', 'site')
  child = spawn(command, args, {
    cwd: folder,
    env: { PATH: process.env['PATH'], PORT: String(port) },
    stdio: 'inherit',
  })
  await waitUntil('it answers', () =>
    get('/').then(
      () => true,
      () => false,
    ),
  )
})
afterAll(async () => {
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill()
  expect(await ended).toBe(0)
  rmSync(folder, { recursive: true })
})

test('serves pages, folders and files with their types', async () => {
  expect(await get('/')).toMatchObject({
    status: 200,
    text: '<h1>home</h1>',
    headers: { 'content-type': 'text/html; charset=utf-8' },
  })
  expect(await get('/docs')).toMatchObject({ status: 301, headers: { location: '/docs/' } })
  expect(await get('//docs')).toMatchObject({ status: 301, headers: { location: '/docs/' } })
  expect((await get('/docs/')).text).toBe('docs')
  expect((await get('/about?x=/../y')).text).toBe('about')
  expect((await get('/inside')).text).toBe('about')
  expect(await get('/app.js')).toMatchObject({
    headers: {
      'content-type': 'text/javascript; charset=utf-8',
      'x-content-type-options': 'nosniff',
    },
  })
  expect(await get('/empty.txt')).toMatchObject({
    status: 200,
    text: '',
    headers: { 'content-length': '0' },
  })
  expect(await get('/gr%C3%BC%C3%9Fe')).toMatchObject({
    status: 301,
    headers: { location: '/gr%C3%BC%C3%9Fe/' },
  })
  expect((await get('/.well-known/security.txt')).text).toBe('contact')
  expect(await get('/about', {}, 'HEAD')).toMatchObject({
    status: 200,
    text: '',
    headers: { 'content-length': '5' },
  })
  expect(await get('/about', {}, 'POST')).toMatchObject({ status: 405 })
})

test('serves a page before the folder of its name, and keeps the query', async () => {
  expect(await get('/blog')).toMatchObject({ status: 200, text: 'posts' })
  expect((await get('/blog/first')).text).toBe('first')
  expect(await get('/docs?tab=2&x=%2F')).toMatchObject({
    status: 301,
    headers: { location: '/docs/?tab=2&x=%2F' },
  })
  expect(await get('/clip.mp4')).toMatchObject({ headers: { 'content-type': 'video/mp4' } })
})

test.each([
  ['leak', '/tmp', 'its folder leak leads out of the artifact'],
  ['up', '..', 'its folder up leads out of the artifact'],
  ['nothing', null, 'its folder nothing is not in the artifact'],
  ['page.html', 'site/about.html', 'its folder page.html is not in the artifact'],
])('does not serve %s', (name, target, problem) => {
  if (target !== null) symlinkSync(target, join(folder, name))
  expect(() => openSite(folder, name)).toThrow(problem)
})

test.each([
  '/../outside.txt',
  '/%2e%2e/outside.txt',
  '/..%2foutside.txt',
  '/docs/../../outside.txt',
  '/up/outside.txt',
  '/link.txt',
  '/hidden.txt',
  '/blog/',
  '/.env',
  '/.git/config',
  '/%2egit/config',
  '/docs/%00',
  '/%',
  '/%ff',
  '/..\\outside.txt',
  '//etc/passwd',
  '/up/',
  '/app.js/',
  '/nothing',
])('%s is not there', async (path) => {
  expect(await get(path)).toMatchObject({ status: 404, text: 'nothing here' })
})

test('answers conditional and range requests', async () => {
  const { headers } = await get('/app.js')
  expect(await get('/app.js', { 'if-none-match': headers.etag ?? '' })).toMatchObject({
    status: 304,
    text: '',
  })
  expect(await get('/app.js', { 'if-none-match': `"other", W/${headers.etag}` })).toMatchObject({
    status: 304,
    text: '',
  })
  expect(await get('/app.js', { range: 'bytes=9-11' })).toMatchObject({
    status: 206,
    text: '012',
    headers: { 'content-range': 'bytes 9-11/20' },
  })
  expect((await get('/app.js', { range: 'bytes=-3' })).text).toBe('89"')
  expect((await get('/app.js', { range: 'bytes=18-' })).text).toBe('9"')
  expect(await get('/app.js', { range: 'bytes=20-' })).toMatchObject({
    status: 416,
    headers: { 'content-range': 'bytes */20' },
  })
  expect(await get('/app.js', { range: 'bytes=0-1,3-4' })).toMatchObject({ status: 200 })
  expect(await get('/app.js', { range: 'bytes=0-1', 'if-range': '"other"' })).toMatchObject({
    status: 200,
  })
})

test('_headers and _redirects of the site are obeyed, and not served', async () => {
  const script = await get('/app.js')
  expect(script.headers['cache-control']).toBe('max-age=60')
  expect(script.headers['x-frame-options']).toBe('DENY')
  expect((await get('/old')).headers.location).toBe('/about?x=1')
  expect((await get('/about')).text).toBe('about')
  expect(await get('/spa/deep/link')).toMatchObject({ status: 200, text: '<h1>home</h1>' })
  expect(await get('/gone')).toMatchObject({ status: 404, text: 'nothing here' })
  for (const path of ['/_headers', '/_redirects', '//_headers', '/%5fheaders'])
    expect((await get(path)).status, path).toBe(404)
})

test('a site with an error in _redirects does not start', async () => {
  const broken = mkdtempSync(join(folder, 'broken-'))
  writeFileSync(join(broken, '_redirects'), '/a')
  await expect(main([broken, '.'])).rejects.toThrow('line 1 of _redirects')
})
