import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Provider } from 'oidc-provider'

export interface Person {
  sub: string
  name?: string
  email?: string
  email_verified?: boolean
  groups?: string[]
}

export interface TestProvider {
  issuer: string
  clientId: string
  clientSecret: string
  /** who there is, by what they type as their login */
  people: Record<string, Person>
  /** until then it answers nothing but 503 */
  open(client: { redirect: string; logout: string }): void
  close(): Promise<void>
}

/**
 * A real OpenID provider, on a port of its own, that lets everybody in who is in `people`, by its
 * own sign-in page.
 */
export async function startProvider(): Promise<TestProvider> {
  const server: Server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const down: RequestListener = (_request, response) => void response.writeHead(503).end()
  server.on('request', down)
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const people: Record<string, Person> = {}
  const [clientId, clientSecret] = ['fairlead', 'a-secret-of-the-client-that-is-long']
  const make = ({ redirect, logout }: { redirect: string; logout: string }) =>
    new Provider(issuer, {
      clients: [
        {
          client_id: clientId,
          client_secret: clientSecret,
          redirect_uris: [redirect],
          post_logout_redirect_uris: [logout],
          response_types: ['code'],
          grant_types: ['authorization_code'],
        },
      ],
      pkce: { required: () => true },
      claims: {
        openid: ['sub'],
        profile: ['name'],
        email: ['email', 'email_verified'],
        groups: ['groups'],
      },
      findAccount: (_context, login) => {
        const person = people[login]
        return person && { accountId: login, claims: async () => ({ ...person }) }
      },
      features: { devInteractions: { enabled: true }, rpInitiatedLogout: { enabled: true } },
      cookies: { keys: ['one key of the test'] },
      ttl: { Session: 600, Grant: 600, Interaction: 600, AccessToken: 600, IdToken: 600 },
    })
  return {
    issuer,
    clientId,
    clientSecret,
    people,
    open: (client) => {
      server.off('request', down)
      server.on('request', make(client).callback())
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

/**
 * A browser without a window: follows redirects, keeps cookies by host and path, fills in the
 * provider's own forms.
 */
export function createJar() {
  const cookies = new Map<string, Map<string, string>>()
  const send = async (url: string, init: RequestInit = {}): Promise<Response> => {
    const { origin } = new URL(url)
    const jar = cookies.get(origin) ?? new Map<string, string>()
    cookies.set(origin, jar)
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(url, {
      ...init,
      redirect: 'manual',
      headers: { ...(init.headers as Record<string, string>), ...(cookie ? { cookie } : {}) },
    })
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';')
      const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]
      if (value === '' || /expires=Thu, 01 Jan 1970|Max-Age=0/i.test(line)) jar.delete(name)
      else jar.set(name, value)
    }
    return response
  }
  const form = (url: string, fields: Record<string, string>): Promise<Response> =>
    send(url, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(fields).toString(),
    })
  return {
    cookies,
    send,
    form,
    /**
     * Goes on until it would come back to where a page begins with that, and answers that address,
     * unvisited.
     */
    signInAtProvider: async (start: string, login: string, until: string): Promise<string> => {
      let response = await send(start)
      for (let i = 0; i < 20; i += 1) {
        const location = response.headers.get('location')
        if (location !== null) {
          const next = new URL(location, response.url).href
          if (next.startsWith(until)) return next
          response = await send(next)
          continue
        }
        const text = await response.text()
        const action = /<form[^>]*action="([^"]+)"/.exec(text)?.[1]
        if (action === undefined)
          throw new Error(`nothing to go on with at ${response.url}: ${text.slice(0, 300)}`)
        const prompt = /name="prompt" value="(\w+)"/.exec(text)?.[1] ?? 'login'
        response = await form(new URL(action, response.url).href, {
          prompt,
          ...(prompt === 'login' ? { login, password: 'x' } : {}),
        })
      }
      throw new Error('the provider leads nowhere')
    },
  }
}
