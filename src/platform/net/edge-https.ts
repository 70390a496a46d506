import { isAbsolute } from 'node:path'
import { portSetting } from '#platform/home.ts'

type Variables = Record<string, string | undefined>

/** What the environment variables say about TLS at the edge. */
export interface EdgeHttpsSetting {
  port: number
  /** the folder of own certificates; null without one */
  folder: string | null
  /** the authority that certificates are ordered from; null for none */
  acme: AcmeSetting | null
}

export interface AcmeSetting {
  url: string
  email: string | null
  /** a file of certificates that its address is trusted by, besides those of the system */
  caFile: string | null
}

const letsEncrypt = 'https://acme-v02.api.letsencrypt.org/directory'

/**
 * The listener of the edge with TLS; null without `FAIRLEAD_EDGE_HTTPS_PORT`. Throws one sentence
 * that names the variable when a value is invalid.
 */
export function edgeHttps(env: Variables): EdgeHttpsSetting | null {
  const port = portSetting(env, 'FAIRLEAD_EDGE_HTTPS_PORT')
  const folder = pathSetting(env, 'FAIRLEAD_EDGE_CERTIFICATES')
  const acme = acmeSetting(env)
  if (port !== null) return { port, folder, acme }
  if (folder === null && acme === null) return null
  throw new Error(
    `${folder === null ? 'FAIRLEAD_ACME_AGREE' : 'FAIRLEAD_EDGE_CERTIFICATES'} is set, but ` +
      'FAIRLEAD_EDGE_HTTPS_PORT is not; set it to the port of HTTPS, such as 443',
  )
}

function acmeSetting(env: Variables): AcmeSetting | null {
  const agrees = env['FAIRLEAD_ACME_AGREE']?.trim() ?? ''
  const url = env['FAIRLEAD_ACME_URL']?.trim() || letsEncrypt
  const email = env['FAIRLEAD_ACME_EMAIL']?.trim() || null
  const caFile = pathSetting(env, 'FAIRLEAD_ACME_CA')
  if (URL.parse(url)?.protocol !== 'https:')
    throw new Error(
      `FAIRLEAD_ACME_URL is ${JSON.stringify(url)}, but must be the address of a directory with ` +
        'https://',
    )
  if (email !== null && !/^[^\s@,]{1,64}@[^\s@,]{1,255}$/.test(email))
    throw new Error(
      `FAIRLEAD_ACME_EMAIL is ${JSON.stringify(email)}, but must be one e-mail address`,
    )
  if (agrees === '') return null
  if (agrees !== 'yes')
    throw new Error(
      `FAIRLEAD_ACME_AGREE is ${JSON.stringify(agrees)}, but must be yes, which agrees to the ` +
        'terms of the authority',
    )
  return { url, email, caFile }
}

/** The absolute path in a variable; null without one. */
function pathSetting(env: Variables, name: string): string | null {
  const path = env[name]?.trim() ?? ''
  if (path === '') return null
  if (!isAbsolute(path))
    throw new Error(`${name} is ${JSON.stringify(path)}, but must be an absolute path`)
  return path
}
