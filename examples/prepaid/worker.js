import { setTimeout as sleep } from 'node:timers/promises'
import { join } from 'node:path'
import { recordingCards } from './src/cards.js'
import { rechargeAll } from './src/recharge.js'
import { openStore } from './src/store.js'

const { env } = process
const store = openStore(env)
const cards = recordingCards(join(env.FAIRLEAD_DATA_DIR || './data', 'charges'))
const stopping = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => stopping.abort())

console.log(`recharging, balances in ${store.kind}`)
let failure = ''
while (!stopping.signal.aborted) {
  try {
    const charged = await rechargeAll(store, cards, Date.now())
    if (charged > 0) console.log(`charged ${charged} card(s)`)
    failure = ''
  } catch (error) {
    // Said once: a store that is away for an hour must not fill the log.
    if (error.message !== failure) console.error(`nobody is charged: ${error.message}`)
    failure = error.message
  }
  await sleep(Number(env.RECHARGE_INTERVAL_MS || 1000), undefined, { signal: stopping.signal }).catch(() => undefined)
}
await store.close()
