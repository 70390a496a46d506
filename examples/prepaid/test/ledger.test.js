import assert from 'node:assert/strict'
import { test } from 'node:test'
import { add, emptyLedger, mostRechargesADay, neededRecharge, totals } from '../src/ledger.js'

const ledgerOf = (...entries) => {
  const ledger = emptyLedger()
  for (const entry of entries) add(ledger, typeof entry === 'string' ? entry : JSON.stringify(entry))
  return ledger
}
const open = { id: 'o', kind: 'open', account: 'ann', name: 'Ann', recharge: { below: 100, amount: 500 } }

test('usage takes from the balance, once per id, and never below zero', () => {
  const ledger = ledgerOf(open, { id: 't', kind: 'top-up', account: 'ann', amount: 300 }, { id: 'u', kind: 'usage', account: 'ann', amount: 200 }, { id: 'u', kind: 'usage', account: 'ann', amount: 200 }, { id: 'v', kind: 'usage', account: 'ann', amount: 200 })
  assert.equal(ledger.accounts.get('ann').balance, 100)
  assert.equal(ledger.seen.get('v'), 'insufficient')
  assert.deepEqual(totals(ledger), { accounts: 1, balance: 100, used: 200, recharges: 0 })
})

test('an account that is not known is unknown, not empty', () => {
  const ledger = ledgerOf({ id: 'u', kind: 'usage', account: 'bob', amount: 1 })
  assert.equal(ledger.seen.get('u'), 'unknown')
  assert.equal(ledger.accounts.size, 0)
})

test('lines that are no entries are counted and change nothing', () => {
  const ledger = ledgerOf(open, '{"id":"x","kind":"top-', 'null', '7', { id: 'y', kind: 'gift', account: 'ann', amount: 5 })
  assert.equal(ledger.unreadable, 3)
  assert.equal(ledger.accounts.get('ann').balance, 0)
})

test('a recharge is needed below the limit, once at a time, and only so often a day', () => {
  const ledger = ledgerOf(open)
  const account = ledger.accounts.get('ann')
  for (let i = 1; i <= mostRechargesADay; i += 1) {
    assert.deepEqual(neededRecharge(account, 1000), { key: `recharge/ann/${i}`, amount: 500 })
    add(ledger, JSON.stringify({ id: `recharge/ann/${i}`, kind: 'recharge', account: 'ann', amount: 500, at: 1000 }))
    assert.equal(neededRecharge(account, 1000), null)
    add(ledger, JSON.stringify({ id: `recharge/ann/${i}/done`, kind: 'recharged', account: 'ann', key: `recharge/ann/${i}` }))
    add(ledger, JSON.stringify({ id: `use-${i}`, kind: 'usage', account: 'ann', amount: 500 }))
  }
  assert.equal(neededRecharge(account, 1000), null)
  assert.notEqual(neededRecharge(account, 1000 + 86_400_000), null)
})
