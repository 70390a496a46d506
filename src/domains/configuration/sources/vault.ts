import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { defineSecretSource, type SourceIo, Unavailable } from '../secret-source.ts'
import { setting } from '../setting.ts'
import { withoutEnd } from '#contract/text.ts'

const settings = z
  .object({
    VAULT_ADDR: setting('VAULT_ADDR'),
    VAULT_TOKEN: z.string().optional(),
    VAULT_TOKEN_FILE: z.string().optional(),
    VAULT_NAMESPACE: z.string().optional(),
  })
  .refine(({ VAULT_TOKEN, VAULT_TOKEN_FILE }) => Boolean(VAULT_TOKEN || VAULT_TOKEN_FILE), {
    error: 'the server has neither VAULT_TOKEN nor VAULT_TOKEN_FILE',
  })
type Settings = z.output<typeof settings>

/**
 * `vault:PATH#FIELD`: a field in the key-value store of HashiCorp Vault or OpenBao, version 1 or 2.
 * For version 2 the path contains `data`, as in the API: `vault:secret/data/shop#password`. The
 * file VAULT_TOKEN_FILE is read for each request, because an agent may renew the token.
 * https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2
 */
export default defineSecretSource({
  kind: 'vault',
  title: 'HashiCorp Vault or OpenBao',
  settings,
  place: z.string().refine(isPlace, {
    error: 'the place must be PATH#FIELD, such as secret/data/shop#password',
  }),
  // The field keeps its sign, so that it differs from a folder of the same name.
  parts: (place) => place.split(/[/]|(?=#)/),
  example: {
    place: 'secret/data/shop#password',
    settings: { VAULT_ADDR: 'https://vault.example.com', VAULT_TOKEN: 'hvs.example' },
  },
  read: async (place, config, io) => {
    const [path = '', field = ''] = place.split('#')
    const response = await request(path, config, io)
    if (response.status >= 500 || response.status === 429)
      throw new Unavailable(`Vault answered with status ${response.status}`)
    if (response.status === 404) throw new Error('Vault has no secret at this path')
    if (response.status === 403)
      throw new Error('the token is not allowed to read this path of Vault')
    if (!response.ok) throw new Error(`Vault answered with status ${response.status}`)
    const value = fieldsOf(await response.json().catch(() => null))[field]
    if (typeof value !== 'string')
      throw new Error(`the secret in Vault has no field ${field} with a text`)
    return value
  },
})

function isPlace(place: string): boolean {
  return /^[\w.-]+(\/[\w.-]+)+#[\w.-]+$/.test(place) && !/(^|\/)\.+(\/|#)/.test(place)
}

async function request(path: string, config: Settings, io: SourceIo): Promise<Response> {
  const { VAULT_ADDR, VAULT_TOKEN, VAULT_TOKEN_FILE = '', VAULT_NAMESPACE } = config
  const token = VAULT_TOKEN || (await readFile(VAULT_TOKEN_FILE, 'utf8')).trim()
  const headers = {
    'x-vault-token': token,
    'x-vault-request': 'true',
    ...(VAULT_NAMESPACE ? { 'x-vault-namespace': VAULT_NAMESPACE } : {}),
  }
  const url = `${withoutEnd(VAULT_ADDR, '/')}/v1/${path}`
  return io.fetch(url, { headers, signal: io.signal, redirect: 'error' }).catch((error: Error) => {
    const reason = (error.cause as Error | undefined)?.message ?? error.message
    throw new Unavailable(`Vault cannot be reached: ${reason}`, { cause: error })
  })
}

const record = z.record(z.string(), z.unknown())
const answer = z.object({ data: record })

/** The fields of a secret. Version 2 nests them beside `metadata`. */
function fieldsOf(body: unknown): Record<string, unknown> {
  const { data } = answer.safeParse(body)
  if (data === undefined) return {}
  return 'metadata' in data.data ? (record.safeParse(data.data['data']).data ?? {}) : data.data
}
