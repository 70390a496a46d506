import { type Client, createClient } from '#contract/client.ts'
import type { Role } from '#contract/endpoint.ts'
import type { Installation } from './installation.ts'

export interface SignedIn {
  client: Client
  cookie: string
}

/** Signs a user in by a link, as a browser is. */
export async function signInAs(
  installation: Installation,
  name: string,
  role?: Role,
): Promise<SignedIn> {
  const { url } = await installation.client.createLink({
    body: { name, ...(role ? { role } : {}) },
  })
  const response = await fetch(`${installation.url}/api/v1/sessions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'user-agent': `Browser of ${name}` },
    body: JSON.stringify({ code: new URL(url).searchParams.get('code') }),
  })
  if (!response.ok) throw new Error(await response.text())
  return withCookie(installation, (response.headers.get('set-cookie') ?? '').split(';')[0] ?? '')
}

export function withCookie(installation: Installation, cookie: string): SignedIn {
  const send: typeof fetch = (input, init) =>
    fetch(input, { ...init, headers: { ...(init?.headers as Record<string, string>), cookie } })
  return { cookie, client: createClient({ base: installation.url, fetch: send }) }
}
