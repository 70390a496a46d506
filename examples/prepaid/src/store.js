import { fileJournal } from './file-journal.js'
import { add, emptyLedger, totals } from './ledger.js'
import { redisJournal } from './redis-journal.js'

/** The store of the environment: Redis where REDIS_URL says so, else a file. */
export function openStore(env) {
  if (env.REDIS_URL) return createStore(redisJournal(env.REDIS_URL, env.REDIS_PREFIX || 'prepaid'))
  return createStore(fileJournal(env.FAIRLEAD_DATA_DIR || './data'))
}

/** Balances over a journal. Every method throws when the store does not answer: nothing is guessed. */
export function createStore(journal) {
  const ledger = emptyLedger()
  let catchingUp = Promise.resolve()
  const catchUp = () => {
    catchingUp = catchingUp.catch(() => undefined).then(async () => {
      for (const line of await journal.read()) add(ledger, line)
    })
    return catchingUp
  }
  return {
    kind: journal.kind,
    /** Records an entry and answers what came of it; the same id again answers the same and changes nothing. */
    async record(entry) {
      await catchUp()
      if (!ledger.seen.has(entry.id)) {
        await journal.append(JSON.stringify(entry))
        await catchUp()
      }
      const outcome = ledger.seen.get(entry.id)
      if (!outcome) throw new Error('the store does not keep what is written')
      return outcome
    },
    async accounts() {
      await catchUp()
      return [...ledger.accounts.values()]
    },
    async account(id) {
      await catchUp()
      return ledger.accounts.get(id) ?? null
    },
    async totals() {
      await catchUp()
      return totals(ledger)
    },
    probe: () => journal.probe(),
    close: () => journal.close(),
  }
}
