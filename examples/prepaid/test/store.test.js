import assert from 'node:assert/strict'
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { recordingCards } from '../src/cards.js'
import { fileJournal } from '../src/file-journal.js'
import { rechargeAll } from '../src/recharge.js'
import { redisJournal } from '../src/redis-journal.js'
import { createStore } from '../src/store.js'
import { eventually, hasRedis, startRedis, temporaryFolder } from './help.js'

const withoutRedis = hasRedis ? false : 'redis-server is not installed'
const open = { id: 'open/ann', kind: 'open', account: 'ann', name: 'Ann', recharge: { below: 100, amount: 500 } }

/** Both kinds of store must pass the same tests. `make` answers a new store over the same data each time. */
const kinds = [
  ['file', false, async (t) => {
    const folder = temporaryFolder(t)
    return () => createStore(fileJournal(folder))
  }],
  ['redis', withoutRedis, async (t) => {
    const { url } = await startRedis(t)
    const probe = createStore(redisJournal(url))
    await eventually('Redis answers', () => probe.probe().then(() => true))
    await probe.close()
    return () => {
      const store = createStore(redisJournal(url))
      t.after(() => store.close())
      return store
    }
  }],
]

for (const [kind, skip, prepare] of kinds) {
  test(`${kind}: what one store records another one sees, each id once`, { skip }, async (t) => {
    const make = await prepare(t)
    const [one, two] = [make(), make()]
    assert.equal(await one.record(open), 'done')
    assert.equal(await two.record(open), 'done')
    await Promise.all(Array.from({ length: 20 }, (_, i) => (i % 2 ? one : two).record({ id: `t${i % 10}`, kind: 'top-up', account: 'ann', amount: 10 })))
    assert.equal((await one.account('ann')).balance, 100)
    assert.equal((await two.account('ann')).balance, 100)
    assert.equal((await make().account('ann')).balance, 100)
    assert.equal(await one.account('bob'), null)
    await Promise.all(Array.from({ length: 20 }, () => one.probe()))
  })

  test(`${kind}: two workers that crash anywhere charge a card once`, { skip }, async (t) => {
    const make = await prepare(t)
    const cards = recordingCards(temporaryFolder(t))
    const store = make()
    await store.record(open)
    const crashing = { charge: async (charge) => { await cards.charge(charge); throw new Error('crash') } }
    await assert.rejects(rechargeAll(make(), crashing, 1000), /crash/)
    await Promise.all([rechargeAll(make(), cards, 2000), rechargeAll(make(), cards, 2000)])
    await rechargeAll(make(), cards, 3000)
    assert.deepEqual(await cards.charges(), [{ key: 'recharge/ann/1', account: 'ann', amount: 500 }])
    assert.equal((await store.account('ann')).balance, 500)
  })
}

test('file: a line that was cut off spoils no other', async (t) => {
  const folder = temporaryFolder(t)
  await createStore(fileJournal(folder)).record(open)
  appendFileSync(join(folder, 'journal.jsonl'), '\n{"id":"cut","kind":"top-up","acc')
  const store = createStore(fileJournal(folder))
  await store.record({ id: 't', kind: 'top-up', account: 'ann', amount: 7 })
  assert.equal((await createStore(fileJournal(folder)).account('ann')).balance, 7)
})

test('file: a data folder that cannot be written is unhealthy', async (t) => {
  const path = join(temporaryFolder(t), 'file')
  writeFileSync(path, '')
  await assert.rejects(createStore(fileJournal(path)).probe())
})

// July 2013: the balance store came back read-only with every balance at zero, and cards were charged again and again.
test('July 2013: a store that is at zero and cannot be written charges nobody', async (t) => {
  const folder = temporaryFolder(t)
  await createStore(fileJournal(folder)).record(open)
  const readOnly = { ...fileJournal(folder), append: async () => { throw new Error('READONLY') }, probe: async () => { throw new Error('READONLY') } }
  const store = createStore(readOnly)
  assert.equal((await store.account('ann')).balance, 0)
  const cards = recordingCards(temporaryFolder(t))
  for (let i = 0; i < 10; i += 1) await assert.rejects(rechargeAll(store, cards, 1000 + i), /READONLY/)
  assert.deepEqual(await cards.charges(), [])
  await assert.rejects(store.probe(), /READONLY/)
})

test('July 2013: a store that forgets what it takes charges nobody', async (t) => {
  const lines = [JSON.stringify(open)]
  const forgetful = { kind: 'file', append: async () => undefined, read: async () => lines.splice(0), probe: async () => undefined, close: async () => undefined }
  const cards = recordingCards(temporaryFolder(t))
  await assert.rejects(rechargeAll(createStore(forgetful), cards, 1000), /does not keep/)
  assert.deepEqual(await cards.charges(), [])
})

test('July 2013, with Redis: a replica that came back read-only charges nobody, and neither does an empty one', { skip: withoutRedis }, async (t) => {
  const master = await startRedis(t)
  const before = createStore(redisJournal(master.url))
  t.after(() => before.close())
  await eventually('the master answers', () => before.probe().then(() => true))
  await before.record(open)
  const replica = await startRedis(t, '--replicaof', '127.0.0.1', String(master.port))
  const store = createStore(redisJournal(replica.url))
  t.after(() => store.close())
  await eventually('the replica has the data', () => store.account('ann'))
  const cards = recordingCards(temporaryFolder(t))
  await assert.rejects(rechargeAll(store, cards, 1000), /READONLY/)
  await assert.rejects(store.probe(), /READONLY/)
  const empty = createStore(redisJournal((await startRedis(t)).url))
  t.after(() => empty.close())
  await eventually('the empty one answers', () => empty.probe().then(() => true))
  await rechargeAll(empty, cards, 1000)
  assert.equal(await empty.account('ann'), null)
  assert.deepEqual(await cards.charges(), [])
})
