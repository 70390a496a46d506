import { neededRecharge } from './ledger.js'

/**
 * Recharges the accounts that have run low. The intention is recorded before the card is charged, under a key that the card
 * processor takes once: any crash, any second worker and any repetition leads to one charge and one top-up.
 */
export async function rechargeAll(store, cards, now) {
  let charged = 0
  for (const account of await store.accounts()) {
    const needed = neededRecharge(account, now)
    if (needed) await store.record({ id: needed.key, kind: 'recharge', account: account.id, amount: needed.amount, at: now })
    const pending = (await store.account(account.id))?.pending
    if (!pending) continue
    if (await cards.charge({ key: pending.key, account: account.id, amount: pending.amount })) charged += 1
    await store.record({ id: `${pending.key}/done`, kind: 'recharged', account: account.id, key: pending.key })
  }
  return charged
}
