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
      const key = `${prefix}:probe:${process.pid}`
      await redis.command('SET', key, value, 'EX', '60')
      if ((await redis.command('GET', key)) !== value) throw new Error('the store does not keep what is written')
    },
    async close() {
      redis.close()
    },
  }
}
