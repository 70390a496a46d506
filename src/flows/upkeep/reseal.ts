import { sealedSubscriptions } from '#domains/status-page/subscription-store.ts'
import * as channel from '#domains/alert/channel-store.ts'
import * as configuration from '#domains/configuration/store.ts'
import * as evidence from '#domains/evidence/store.ts'
import * as forge from '#domains/forge/store.ts'
import * as webhook from '#domains/forge/webhook-store.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { KeyRing } from '#platform/secret/key-ring.ts'
import type { Logger } from '#platform/log.ts'
import type { SecretBox } from '#platform/secret/secret-box.ts'
import type { Statement } from '#platform/postgres/sql.ts'

/** Secrets that are written in one transaction. */
const batchSize = 500

/**
 * Encrypts with the newest key every secret that an older key encrypted. Returns how many there
 * were, and why others could not be decrypted. Safe to repeat, and to run while secrets change: a
 * secret that was changed meanwhile keeps its new value.
 */
export async function reseal(
  db: Database,
  secrets: SecretBox,
): Promise<{ resealed: number; problems: string[] }> {
  const all = await Promise.all([
    configuration.sealedSecrets(db),
    evidence.sealedKeys(db),
    forge.sealedTokens(db),
    webhook.sealedSecrets(db),
    channel.sealedSettings(db),
    sealedSubscriptions(db),
  ])
  const statements: Statement[] = []
  const problems: string[] = []
  for (const { name, former, sealed, put } of all
    .flat()
    .filter((one) => !secrets.isCurrent(one.sealed))) {
    try {
      statements.push(put(secrets.seal(name, secrets.open(name, sealed, former))))
    } catch (error) {
      problems.push((error as Error).message)
    }
  }
  for (let at = 0; at < statements.length; at += batchSize)
    await db.batch(statements.slice(at, at + batchSize))
  return { resealed: statements.length, problems }
}

export interface NewKeyOptions {
  db: Database
  keys: KeyRing
  secrets: SecretBox
  log: Logger
}

/**
 * Encrypts secrets of an older key with the newest one. The next start removes an older key that no
 * secret needs any more.
 */
export async function takeNewKey({ db, keys, secrets, log }: NewKeyOptions): Promise<void> {
  const { resealed, problems } = await reseal(db, secrets)
  for (const problem of problems) log.error(problem)
  if (resealed > 0)
    log.info('secrets were encrypted with the newest key', { values: resealed, key: keys.where })
  else if (problems.length === 0 && keys.keys().length > 1) keys.keepNewest?.()
}
