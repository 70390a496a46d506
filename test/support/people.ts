import { sessionKeyName } from '#contract/access/access.ts'
import { type Client, createClient } from '#contract/client.ts'
import type { Role } from '#contract/endpoint.ts'
import type { Installation } from './installation.ts'

/** A session as a browser holds it. */
export interface SignedIn {
  client: Client
  /** the session cookie, as in a Cookie header */
  cookie: string
  /** the headers with both halves of the session */
  headers: Record<string, string>
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
  const { key } = (await response.json()) as { key: string }
  const cookie = (response.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
  return withSession(installation, cookie, key)
}

export function withSession(installation: Installation, cookie: string, key: string): SignedIn {
  const headers = { cookie, [sessionKeyName]: key }
  const send: typeof fetch = (input, init) =>
    fetch(input, { ...init, headers: { ...(init?.headers as Record<string, string>), ...headers } })
  return { cookie, headers, client: createClient({ base: installation.url, fetch: send }) }
}
