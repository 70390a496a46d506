import type { SigningKey } from '#contract/evidence/evidence.ts'
import { FairleadError } from '#contract/errors.ts'
import type { SomeHandlers } from '#contract/handler.ts'
import { makeKey, revokeSigningKey, signingKey } from '#domains/evidence/keys.ts'
import * as store from '#domains/evidence/store.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { hasBuilt } from '#views/run.ts'

type EvidenceEndpoints = 'listEvidence' | 'listKeys' | 'createKey' | 'revokeKey'

export function evidenceHandlers({ db, secrets }: Dependencies): SomeHandlers<EvidenceEndpoints> {
  const keys = async (): Promise<SigningKey[]> =>
    (await store.listKeys(db)).map(({ secret: _secret, ...key }) => key)
  const mustGetKey = async (id: string): Promise<SigningKey> => {
    const key = (await keys()).find((one) => one.id === id)
    if (!key) throw new FairleadError('not_found', { kind: 'signing key', id })
    return key
  }
  return {
    listEvidence: async ({ params: { app, digest } }) => {
      if (!(await hasBuilt(db, app, digest)))
        throw new FairleadError('not_found', { kind: `artifact of ${app}`, id: digest })
      return { evidence: await store.listEvidence(db, app, digest) }
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
    revokeKey: async ({ params: { key: id }, body: { reason } }, caller) => {
      const key = await mustGetKey(id)
      if (key.revoked === null) await revokeSigningKey(db, { id, reason }, caller)
      return mustGetKey(id)
    },
  }
}
