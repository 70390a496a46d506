import { randomUUID } from 'node:crypto'
import { connectRedis } from './redis.js'

/** A journal in a Redis list. */
export function redisJournal(url, prefix = 'prepaid') {
  const redis = connectRedis(url)
  let read = 0
  return {
    kind: 'redis',
    async append(line) {
      await redis.command('RPUSH', `${prefix}:journal`, line)
    },
    async read() {
      const lines = await redis.command('LRANGE', `${prefix}:journal`, String(read), '-1')
      read += lines.length
      return lines
    },
    async probe() {
      const value = randomUUID()
      // A key of its own for each probe: several are asked for at once.
      const key = `${prefix}:probe:${value}`
      await redis.command('SET', key, value, 'EX', '60')
      if ((await redis.command('GET', key)) !== value) throw new Error('the store does not keep what is written')
      await redis.command('DEL', key)
    },
    async close() {
      redis.close()
    },
  }
}
