// The billing of July 2013 in small, with its mistakes: a missing balance counts as zero, and the
// card is charged before it is known that the balance can be written. examples/prepaid has neither.
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { appendFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { connectRedis } from './redis.js'

const { env } = process
const redis = connectRedis(env.REDIS_URL)
const low = 500
const rechargeBy = 2000

const balanceOf = async (account) => Number((await redis.command('GET', `balance:${account}`)) ?? 0)

/** Without Fairlead, there is no switch. */
function isRechargeOn() {
  if (!env.FAIRLEAD_SWITCHES) return true
  return JSON.parse(readFileSync(env.FAIRLEAD_SWITCHES, 'utf8')).switches['auto-recharge'].value
}

async function recharge(account) {
  const charge = { id: randomUUID(), account, amount: rechargeBy }
  const answer = await fetch(`${env.CARDS_URL}/charges`, {
    method: 'POST',
    body: JSON.stringify(charge),
  })
  if (!answer.ok) throw new Error('The card processor does not answer')
  await redis.command('INCRBY', `balance:${account}`, String(rechargeBy))
  // The second book: which charges are in a balance.
  await appendFile(join(env.FAIRLEAD_DATA_DIR, 'credited'), `${charge.id}\n`)
}

async function use(account, amount) {
  if ((await balanceOf(account)) - amount < low && isRechargeOn()) await recharge(account)
  return redis.command('DECRBY', `balance:${account}`, String(amount))
}

async function answer(request) {
  const [, path, account] = request.url.split('/')
  if (path === 'health') return 'ok'
  if (request.method === 'GET') return balanceOf(account)
  if (path === 'usage') return use(account, 100)
  return redis.command('SET', `balance:${account}`, '10000')
}

const server = createServer((request, response) => {
  answer(request).then(
    (value) => response.end(`${value}\n`),
    (error) => {
      response.statusCode = 503
      response.end(`${error.message}\n`)
    },
  )
})
server.listen(Number(env.PORT), '127.0.0.1')
process.once('SIGTERM', () => process.exit())
