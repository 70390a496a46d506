import { isAbsolute } from 'node:path'
import { portSetting } from '#platform/home.ts'

type Variables = Record<string, string | undefined>

/** What the environment variables say about TLS at the edge. */
export interface EdgeHttpsSetting {
  port: number
  /** the folder of own certificates; null without one */
  folder: string | null
}

/**
 * The listener of the edge with TLS; null without `FAIRLEAD_EDGE_HTTPS_PORT`. Throws one sentence
 * that names the variable when a value is invalid.
 */
export function edgeHttps(env: Variables): EdgeHttpsSetting | null {
  const port = portSetting(env, 'FAIRLEAD_EDGE_HTTPS_PORT')
  const folder = pathSetting(env, 'FAIRLEAD_EDGE_CERTIFICATES')
  if (port !== null) return { port, folder }
  if (folder === null) return null
  throw new Error(
    'FAIRLEAD_EDGE_CERTIFICATES is set, but FAIRLEAD_EDGE_HTTPS_PORT is not; set it to the port ' +
      'of HTTPS, such as 443',
  )
}

/** The absolute path in a variable; null without one. */
function pathSetting(env: Variables, name: string): string | null {
  const path = env[name]?.trim() ?? ''
  if (path === '') return null
  if (!isAbsolute(path))
    throw new Error(`${name} is ${JSON.stringify(path)}, but must be an absolute path`)
  return path
}
