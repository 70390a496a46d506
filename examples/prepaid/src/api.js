import { createServer } from 'node:http'
import { page } from './page.js'

const largestBody = 16 * 1024

/** The HTTP API over a store. Amounts are whole cents. */
export function createApi(store, about) {
  const server = createServer((request, response) => {
    answer(store, about, request)
      .catch((error) => {
        if (error instanceof Refused) return reply(error.status, { error: error.message })
        return reply(503, { error: `The store does not answer: ${error.message}` })
      })
      .then(({ status, type, body }) => {
        // Once it takes no more connections, those that there are end with their answer.
        if (!server.listening) response.setHeader('connection', 'close')
        response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' })
        response.end(request.method === 'HEAD' ? '' : body)
      })
  })
  return server
}

class Refused extends Error {
  constructor(status, message) {
    super(message)
    this.status = status
  }
}

const reply = (status, value) => ({ status, type: 'application/json; charset=utf-8', body: `${JSON.stringify(value)}\n` })

async function answer(store, about, request) {
  const path = (request.url ?? '/').split('?')[0]
  const isRead = request.method === 'GET' || request.method === 'HEAD'
  if (path === '/' && isRead) return { status: 200, type: 'text/html; charset=utf-8', body: page(about) }
  if (path === '/health' && isRead) return health(store)
  if (path === '/totals' && isRead) return reply(200, { ...about, store: store.kind, ...(await store.totals()) })
  if (path === '/accounts' && isRead) return reply(200, { accounts: await store.accounts() })
  if (path === '/accounts' && request.method === 'POST') return open(store, await readBody(request))
  const [, id, what] = /^\/accounts\/([a-z0-9-]{1,40})(?:\/(top-ups|usage))?$/.exec(path) ?? []
  if (id && !what && isRead) return reply(200, await existing(store, id))
  if (id && what && request.method === 'POST') return move(store, id, what, await readBody(request))
  throw new Refused(404, `There is nothing at ${request.method} ${path}.`)
}

/** Honest: it writes, so that a store that can only be read is unhealthy. */
async function health(store) {
  try {
    await store.probe()
    return reply(200, { status: 'ok', store: store.kind })
  } catch (error) {
    return reply(503, { status: 'unhealthy', store: store.kind, reason: error.message })
  }
}

async function existing(store, id) {
  const account = await store.account(id)
  if (!account) throw new Refused(404, `There is no account ${id}.`)
  return account
}

async function open(store, { id, name = id, recharge = null }) {
  if (typeof id !== 'string' || !/^[a-z0-9-]{1,40}$/.test(id)) throw new Refused(400, 'id must be 1–40 lower-case letters, digits and hyphens.')
  if (typeof name !== 'string' || name.length > 100) throw new Refused(400, 'name must be text of at most 100 characters.')
  if (recharge !== null && !(isAmount(recharge.below) && isAmount(recharge.amount))) throw new Refused(400, 'recharge must be {below, amount} in cents.')
  await store.record({ id: `open/${id}`, kind: 'open', account: id, name, recharge })
  return reply(201, await existing(store, id))
}

async function move(store, account, what, { id, amount }) {
  if (typeof id !== 'string' || id.length < 1 || id.length > 100) throw new Refused(400, 'id must be text that names this event once.')
  if (!isAmount(amount)) throw new Refused(400, 'amount must be a number of cents from 1 to 100000000.')
  const outcome = await store.record({ id: `${what}/${account}/${id}`, kind: what === 'usage' ? 'usage' : 'top-up', account, amount })
  if (outcome === 'unknown') throw new Refused(404, `There is no account ${account}.`)
  if (outcome === 'insufficient') throw new Refused(402, `The balance of ${account} is too low.`)
  return reply(200, await existing(store, account))
}

const isAmount = (value) => Number.isInteger(value) && value >= 1 && value <= 100_000_000

async function readBody(request) {
  const chunks = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size > largestBody) throw new Refused(413, 'The request is larger than 16 KB.')
    chunks.push(chunk)
  }
  try {
    return Object(JSON.parse(Buffer.concat(chunks).toString('utf8')))
  } catch {
    throw new Refused(400, 'The request must be JSON.')
  }
}
