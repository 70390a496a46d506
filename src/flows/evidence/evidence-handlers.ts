import type { SigningKey } from '#contract/evidence/evidence.ts'
import { FairleadError } from '#contract/errors.ts'
import type { SomeHandlers } from '#contract/handler.ts'
import { makeKey, signingKey } from '#domains/evidence/keys.ts'
import * as store from '#domains/evidence/store.ts'
import { getArtifact } from '#domains/artifact/store.ts'
import type { Dependencies } from '#flows/dependencies.ts'

type EvidenceEndpoints = 'listEvidence' | 'listKeys' | 'createKey'

export function evidenceHandlers({ db, secrets }: Dependencies): SomeHandlers<EvidenceEndpoints> {
  const keys = async (): Promise<SigningKey[]> =>
    (await store.listKeys(db)).map(({ secret: _secret, ...key }) => key)
  return {
    listEvidence: async ({ params }) => {
      const artifact = await getArtifact(db, params.digest)
      if (!artifact) throw new FairleadError('not_found', { kind: 'artifact', id: params.digest })
      return { app: artifact.app, evidence: await store.listEvidence(db, params.digest) }
    },
    listKeys: async () => {
      await signingKey(db, secrets)
      return { keys: await keys() }
    },
    createKey: async (_input, caller) => {
      const id = await makeKey(db, secrets, caller)
      const key = (await keys()).find((one) => one.id === id)
      if (!key)
        throw new FairleadError('not_now', { why: 'Somebody else made a key at the same moment' })
      return key
    },
  }
}
