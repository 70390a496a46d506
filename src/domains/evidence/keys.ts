import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { publicKey, type TrustedKey } from './dsse.ts'
import type { Actor } from '#contract/event/event.ts'
import { appendEvent } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { addKey, listKeys, revokeKey, sealedAs } from './store.ts'

/** Encrypts private keys; the same box as for the secrets of environments. */
interface Box {
  seal(name: string, value: string): string
  open(name: string, sealed: string): string
}

export const keyId = (key: KeyObject): string =>
  createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex')

/** The key that signs now. Created on first use. */
export async function signingKey(db: Database, box: Box): Promise<TrustedKey> {
  for (;;) {
    const current = (await listKeys(db)).find(({ retired }) => retired === null)
    if (current)
      return {
        id: current.id,
        key: createPrivateKey(box.open(sealedAs(current.id), current.secret)),
      }
    await makeKey(db, box, null)
  }
}

/**
 * Creates a new signing key and returns its id. `actor` requested it; null for the first key.
 * Signatures of earlier keys stay valid.
 */
export async function makeKey(db: Database, box: Box, actor: Actor | null): Promise<string> {
  const pair = generateKeyPairSync('ed25519')
  const id = keyId(pair.publicKey)
  const secret = box.seal(
    sealedAs(id),
    pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  )
  const pem = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const made = (by: Actor) =>
    appendEvent({
      type: 'dev.cdeventsx.fairlead-signingkey.created',
      subject: `key/${id}`,
      chain: 'server',
      actor: by,
      data: { key: id },
    })
  await db.batch([
    ...addKey({ id, publicKey: pem, secret }, actor !== null),
    ...(actor === null ? [] : [made(actor)]),
  ])
  return id
}

/**
 * Revokes a key, such as one that was stolen. The next signature creates a new key if it was the
 * one that signs.
 */
export async function revokeSigningKey(
  db: Database,
  { id, reason }: { id: string; reason: string },
  actor: Actor,
): Promise<void> {
  await db.batch([
    revokeKey(id, reason),
    appendEvent({
      type: 'dev.cdeventsx.fairlead-signingkey.revoked',
      subject: `key/${id}`,
      chain: 'server',
      actor,
      data: { key: id, reason },
    }),
  ])
}

/** All keys of this installation, including the retired and the revoked ones. */
export async function trustedKeys(db: Database): Promise<TrustedKey[]> {
  return (await listKeys(db)).map(({ id, publicKey: pem, revoked, reason }) => ({
    id,
    key: publicKey(pem),
    revoked: revoked === null ? null : { at: revoked, reason: reason ?? '' },
  }))
}
