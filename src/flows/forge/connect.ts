import type { ForgeClient } from '#domains/forge/client.ts'
import type { ForgeClients } from '#domains/forge/registry.ts'
import { sealedAs, type StoredForge } from '#domains/forge/store.ts'
import type { SecretBox } from '#platform/secret/secret-box.ts'

export interface ForgeAccess {
  secrets: SecretBox
  clients: ForgeClients
}

/** Connects to the forge of an app with its stored token. Throws a ForgeRefusal. */
export async function connectForge(
  access: ForgeAccess,
  forge: StoredForge,
  fetch: typeof globalThis.fetch,
): Promise<ForgeClient> {
  const { kind, url, repository, appId } = forge
  const token = access.secrets.open(sealedAs(forge.app), forge.token)
  return access.clients(kind, { url, repository, appId, token, fetch })
}
