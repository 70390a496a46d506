import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { NotNow, type SecretSource } from './source.ts'

/**
 * `vault:PATH#FIELD`: a field of HashiCorp Vault's (or OpenBao's) key-value store of either
 * version; for the second the path has its `data`, as the API wants:
 * `vault:secret/data/shop#password`. VAULT_ADDR, VAULT_NAMESPACE, and VAULT_TOKEN or
 * VAULT_TOKEN_FILE, which an agent renews.
 * https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2
 */
export const vault: SecretSource = {
  problem: (place, env) => {
    if (!env['VAULT_ADDR']) return 'the server has no VAULT_ADDR'
    if (!env['VAULT_TOKEN'] && !env['VAULT_TOKEN_FILE'])
      return 'the server has neither VAULT_TOKEN nor VAULT_TOKEN_FILE'
    const isPlace = /^[\w.-]+(\/[\w.-]+)+#[\w.-]+$/.test(place) && !/(^|\/)\.+(\/|#)/.test(place)
    return isPlace ? null : 'the place must be PATH#FIELD, such as secret/data/shop#password'
  },
  read: async (place, { env, fetch, signal }) => {
    const [path = '', field = ''] = place.split('#')
    const tokenFile = env['VAULT_TOKEN_FILE']
    const token =
      env['VAULT_TOKEN'] || (tokenFile ? (await readFile(tokenFile, 'utf8')).trim() : '')
    const namespace = env['VAULT_NAMESPACE']
    const response = await fetch(`${(env['VAULT_ADDR'] ?? '').replace(/\/+$/, '')}/v1/${path}`, {
      headers: {
        'x-vault-token': token,
        'x-vault-request': 'true',
        ...(namespace ? { 'x-vault-namespace': namespace } : {}),
      },
      signal,
      redirect: 'error',
    }).catch((error: Error) => {
      throw new NotNow(
        `Vault cannot be reached: ${(error.cause as Error | undefined)?.message ?? error.message}`,
        {
          cause: error,
        },
      )
    })
    if (response.status >= 500 || response.status === 429)
      throw new NotNow(`Vault answers ${response.status}`)
    if (response.status === 404) throw new Error('Vault has nothing there')
    if (response.status === 403) throw new Error('Vault does not let the token read it')
    if (!response.ok) throw new Error(`Vault answers ${response.status}`)
    const { data } = answer.safeParse(await response.json().catch(() => null))
    const values =
      data === undefined
        ? {}
        : 'metadata' in data.data
          ? (inner.safeParse(data.data['data']).data ?? {})
          : data.data
    const value = values[field]
    if (typeof value !== 'string') throw new Error(`Vault has no text in the field ${field} there`)
    return value
  },
}

const inner = z.record(z.string(), z.unknown())
const answer = z.object({ data: inner })
