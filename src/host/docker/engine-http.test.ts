import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createEngineHttp } from './engine-http.ts'

test('an Engine that refuses an old version of the API is asked in its own', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-engine-'))
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    const [, minor = '0'] = /^\/v1\.(\d+)\//.exec(request.url ?? '') ?? []
    if (Number(minor) >= 44) return void response.end('{"ok":true}')
    const message = 'client version 1.40 is too old. Minimum supported API version is 1.44, please'
    response.writeHead(400).end(JSON.stringify({ message }))
  })
  const socket = join(folder, 'engine.sock')
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  const http = createEngineHttp(socket)
  for (let i = 0; i < 2; i += 1)
    expect(await http.call({ method: 'GET', path: '/info' })).toEqual({ ok: true })
  expect(asked).toEqual(['/v1.40/info', '/v1.44/info', '/v1.44/info'])
  server.closeAllConnections()
  server.close()
  rmSync(folder, { recursive: true })
})
