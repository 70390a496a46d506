import type { ConnectForge, ForgeClient, ForgeConnection } from './client.ts'
import type { Forge } from './forge.ts'
import { forges as defined } from './forges.generated.ts'
import type { Headers } from './signature.ts'

/** Every kind of forge. */
export const forges: readonly Forge[] = defined

/** Throws for a kind that this version does not have. */
export function forgeOf(kind: string): Forge {
  const forge = forges.find((one) => one.kind === kind)
  if (!forge) throw new Error(`this version of Fairlead has no forge of the kind "${kind}"`)
  return forge
}

/** The sender of a webhook by its headers; null when no kind recognizes them. */
export function senderOf(headers: Headers): Forge | null {
  const candidates = forges.filter(({ webhook }) => webhook.isSender(headers))
  const imitated = new Set(candidates.flatMap(({ webhook }) => webhook.imitates ?? []))
  return candidates.find(({ kind }) => !imitated.has(kind)) ?? null
}

/** Opens a client of any kind. */
export type ForgeClients = (kind: string, connection: ForgeConnection) => Promise<ForgeClient>

/** Creates the clients of a process. Connecting throws for a kind without an API. */
export function createForgeClients(): ForgeClients {
  const opened = new Map<string, ConnectForge>()
  return async (kind, connection) => {
    const { api, title } = forgeOf(kind)
    if (!api) throw new Error(`${title} has no API that Fairlead can call`)
    const connect = opened.get(kind) ?? api.open()
    opened.set(kind, connect)
    return connect(connection)
  }
}
