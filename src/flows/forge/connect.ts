import { clients } from '#domains/forge/clients/all.ts'
import type { createAppTokens } from '#domains/forge/clients/github-app.ts'
import type { ForgeClient } from '#domains/forge/client.ts'
import { sealedAs, type StoredForge } from '#domains/forge/store.ts'
import type { SecretBox } from '#platform/secret/secret-box.ts'

export interface ForgeAccess {
  secrets: SecretBox
  /** of a GitHub App's installation */
  appToken: ReturnType<typeof createAppTokens>
}

/** The forge of an app, to be asked and told by `fetch`, with its token or that of its App. */
export async function connectForge(
  access: ForgeAccess,
  forge: StoredForge,
  fetch: typeof globalThis.fetch,
): Promise<ForgeClient> {
  const { kind, url, repository, appId } = forge
  const stored = access.secrets.open(sealedAs(forge.app), forge.token)
  const token =
    appId === null
      ? stored
      : await access.appToken({ url, repository, appId, privateKey: stored, fetch })
  return clients[kind]({ url, repository, token, isApp: appId !== null, fetch })
}
