import { isIP, type NetConnectOpts } from 'node:net'
import { refusedError } from '#platform/net/egress.ts'
import type { HostIo } from './monitor-kind.ts'

/** Options that make a connection of node:net obey the policy. Throws when it is refused. */
export function guarded(
  host: string,
  { lookup, refusal }: Pick<HostIo, 'lookup' | 'refusal'>,
): Pick<NetConnectOpts & { host: string }, 'host'> & { lookup: HostIo['lookup'] } {
  const plain = host.replace(/^\[|\]$/g, '')
  const why = isIP(plain) === 0 ? null : refusal(plain)
  if (why !== null) throw refusedError(why)
  return { host: plain, lookup }
}

/** Host and port of `host:port`, also of `[::1]:443`. */
export function hostAndPort(text: string, fallback?: number): { host: string; port: number } {
  const url = URL.parse(`tcp://${text}`)
  return {
    host: url?.hostname.replace(/^\[|\]$/g, '') ?? '',
    port: url?.port ? Number(url.port) : (fallback ?? 0),
  }
}

/** A text with its `${NAME}` replaced by variables of the service; unknown ones become empty. */
export const withVariables = (text: string, { variable }: Pick<HostIo, 'variable'>): string =>
  text.replace(/\$\{([A-Za-z_]\w{0,199})\}/g, (_, name: string) => variable(name) ?? '')
