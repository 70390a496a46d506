import { FairleadError } from '#contract/errors.ts'
import type { SomeHandlers } from '#contract/handler.ts'
import { appendEvent } from '#engine/events.ts'
import { type NewKeyOptions, reseal } from './reseal.ts'
import { keyName } from '#platform/secret/secret-box.ts'

/** The endpoints of the key that encrypts secrets. */
export function keyHandlers({
  db,
  keys,
  secrets,
}: NewKeyOptions): SomeHandlers<'getKey' | 'rotateKey'> {
  const view = () => {
    const [newest, ...older] = keys.keys()
    return {
      key: keyName(newest),
      where: keys.where,
      older: older.map(keyName),
      isOwn: keys.add !== null,
    }
  }
  return {
    getKey: async () => view(),
    rotateKey: async (_input, caller) => {
      if (keys.add === null) {
        const why =
          `The key comes from ${keys.where}: ` +
          'add a new key in front of it, keep the old one, and restart the server'
        throw new FairleadError('not_now', { why })
      }
      try {
        keys.add()
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
        throw new FairleadError('not_now', { why: 'Another server is creating a new key' })
      }
      const { resealed, problems } = await reseal(db, secrets)
      const { key } = view()
      const data = { key, resealed }
      await db.batch([
        appendEvent({
          type: 'dev.cdeventsx.fairlead-key.rotated',
          subject: 'key',
          chain: 'server',
          actor: caller,
          data,
        }),
      ])
      return { ...view(), resealed, problems }
    },
  }
}
