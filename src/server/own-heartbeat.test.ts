import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import { testDatabase } from '../../test/support/postgres.ts'
import { beat } from './own-heartbeat.ts'

let db: Database
let close: () => Promise<void>
const calls: string[] = []
let status = 200
const watcher = createServer((request, response) => {
  calls.push(`${request.method} ${request.url}`)
  response.writeHead(status).end('OK')
})
beforeAll(async () => {
  ;({ db, close } = await testDatabase())
  await new Promise<void>((resolve) => watcher.listen(0, '127.0.0.1', resolve))
})
afterAll(async () => {
  watcher.close()
  await close()
})

const send = (host = async (): Promise<never> => ({}) as never) =>
  beat({
    url: `http://127.0.0.1:${(watcher.address() as AddressInfo).port}/secret-7f2`,
    ...{ db, fetch, host: { status: host }, jobs: ['reconcile-alerts'] },
  })

test('a watcher outside is called while people can be notified, and no longer', async () => {
  await send()
  expect(calls.splice(0)).toEqual(['POST /secret-7f2'])
  status = 500
  await expect(send()).rejects.toThrow('the address of FAIRLEAD_HEARTBEAT_URL answers 500')
  status = 200
  calls.length = 0
  const away = async (): Promise<never> => {
    throw new Error('The host is not available.')
  }
  await expect(send(away)).rejects.toThrow('The host')
  await db.query(sql`insert into background_job (name, replica, interval, failures, due)
    values ('reconcile-alerts', '', 1000, 3, now())`)
  await expect(send()).rejects.toThrow('no heartbeat was sent: reconcile-alerts does not run')
  expect(calls).toEqual([])
})
