import {
  createServer,
  type IncomingHttpHeaders,
  type RequestListener,
  type Server,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { clients } from './all.ts'

const token = 'the-token-of-the-forge'
const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
const status = {
  sha: 'a'.repeat(40),
  name: 'fairlead',
  state: 'success',
  description: 'live',
  url: 'http://localhost/runs/1',
} as const
const tell = (kind: keyof typeof clients, url: string): Promise<unknown> =>
  clients[kind]({
    url,
    repository: 'acme/shop',
    token,
    isApp: false,
    fetch: (input, init) => fetch(input, { ...init, signal: AbortSignal.timeout(5000) }),
  })
    .writeStatus(status)
    .catch((error: unknown) => error)

describe.each(Object.keys(clients) as (keyof typeof clients)[])(
  'a forge of the kind %s',
  (kind) => {
    test.each([301, 302, 307, 308])(
      'that sends to another address by %i does not hand it the token',
      async (code) => {
        const seen: IncomingHttpHeaders[] = []
        const other = await serve((request, response) => {
          seen.push(request.headers)
          response.end('{}')
        })
        let asked = 0
        const forge = await serve((request, response) => {
          if (JSON.stringify(request.headers).includes(token)) asked += 1
          response
            .writeHead(code, {
              location: `${other.replace('127.0.0.1', 'localhost')}${request.url}`,
            })
            .end()
        })
        await tell(kind, forge)
        expect(asked).toBe(1)
        expect(JSON.stringify(seen)).not.toContain(token)
      },
    )

    test.each([
      ['a page', 200, '<html>welcome</html>'],
      ['half of an answer', 500, '{"message": "oh'],
      ['nothing', 502, ''],
      ['a list', 404, '[1, null]'],
    ])(
      'that answers with %s breaks nothing, and its token is in no error',
      async (_what, code, body) => {
        const forge = await serve((_request, response) =>
          response.writeHead(code, { 'content-type': 'application/json' }).end(body),
        )
        const answer = await tell(kind, forge)
        if (code >= 400) expect(answer).toBeInstanceOf(Error)
        expect(String(answer)).not.toContain(token)
      },
    )
  },
)
