import type { HostEdge } from '#contract/host/edge.ts'
import type { EnvironmentFile } from '#contract/pipeline-file/pipeline-file.ts'
import { isCryptHash } from '#platform/secret/crypt-hash.ts'
import { Failed } from '#engine/workflow.ts'

/**
 * What the edge does with the requests of an environment. Throws a Failed when the secret of `auth`
 * is not set or not valid; the sentence never contains a line of it.
 */
export function edgeOf(
  file: Partial<EnvironmentFile> = {},
  environment: string,
  secrets: Record<string, string>,
): { edge?: HostEdge } {
  // Releases that were stored by an earlier version have no such key.
  const { edge } = file
  if (!edge) return {}
  const { redirects, request, response, auth, allow, body, timeout, compress, log, trace } = edge
  const found: HostEdge = {
    ...(redirects.length === 0 ? {} : { redirects }),
    ...(isEmpty(request) ? {} : { request }),
    ...(isEmpty(response) ? {} : { response }),
    ...(auth === undefined ? {} : { users: usersIn(secrets[auth], auth, environment) }),
    ...(allow.length === 0 ? {} : { allow }),
    ...(body === undefined ? {} : { body: Math.floor(body * 1_000_000) }),
    ...(timeout === undefined ? {} : { timeout }),
    ...(compress ? { compress } : {}),
    ...(log ? { log } : {}),
    ...(trace === undefined ? {} : { trace }),
  }
  return isEmpty(found) ? {} : { edge: found }
}

const isEmpty = (object: object): boolean => Object.keys(object).length === 0

function usersIn(secret: string | undefined, name: string, environment: string): string[] {
  const wanted = `\`auth\` of the environment ${environment} names the secret ${name}`
  if (secret === undefined)
    throw new Failed(`${wanted}, which is not set; set it with \`fairlead secret set\``)
  const lines = secret.split(/\r?\n/).filter((line) => line.trim() !== '')
  const wrong = lines.findIndex(
    (line) => !/^[^:\s]{1,100}:/.test(line) || !isCryptHash(hashIn(line)),
  )
  if (lines.length > 0 && wrong === -1) return lines
  const line = lines.length === 0 ? 'which is empty' : `whose line ${wrong + 1} is not NAME:HASH`
  throw new Failed(`${wanted}, ${line}; make a hash with \`openssl passwd -6\``)
}

const hashIn = (line: string): string => line.slice(line.indexOf(':') + 1)
