import { execFileSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDatabase } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { requiresRoot } from './support/programs.ts'
import { waitFor } from './support/wait.ts'

/** The titles of the messages that a person got, by the id of the message. */
const received = new Map<string, string[]>()
const titles = (): string[] => [...received.values()].flat()
const channel = createServer(async (request, response) => {
  let body = ''
  for await (const chunk of request) body += String(chunk)
  const { id, data } = JSON.parse(body) as { id: string; data: { title: string } }
  received.set(id, [...(received.get(id) ?? []), data.title])
  response.end()
})
const place = mkdtempSync(join(tmpdir(), 'fairlead-full-'))
const filler = join(place, 'filler')
let installation: Installation

beforeAll(async () => {
  if (requiresRoot.skip) return
  await new Promise<void>((resolve) => channel.listen(0, '127.0.0.1', resolve))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256m,mode=755', 'fairlead-test', place])
  const before = process.env['TMPDIR']
  process.env['TMPDIR'] = place
  installation = await startInstallation({
    database: 'embedded',
    env: { FAIRLEAD_HOST_PAGES_SECONDS: '10', FAIRLEAD_DISK_FLOOR_MB: '10' },
  }).finally(() =>
    before === undefined ? delete process.env['TMPDIR'] : (process.env['TMPDIR'] = before),
  )
})
afterAll(async () => {
  channel.close()
  if (requiresRoot.skip) return
  rmSync(filler, { force: true })
  await installation.stop()
  execFileSync('umount', ['--lazy', place])
  rmSync(place, { recursive: true, force: true })
})

/** Uses all space of the disk, and what becomes free again. */
function fill(): void {
  const file = openSync(filler, 'a')
  for (const size of [1_000_000, 4096]) {
    const block = Buffer.alloc(size, 1)
    try {
      for (;;) writeSync(file, block)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    }
  }
  closeSync(file)
}

/** Reports an alert; returns whether the server has stored it. */
const report = async (name: string): Promise<boolean> => {
  const body = {
    ...{ routing_key: installation.token, event_action: 'trigger', dedup_key: name },
    payload: { summary: name, source: name, severity: 'critical' },
  }
  const request = { method: 'POST', body: JSON.stringify(body) }
  return fetch(`${installation.url}/v2/enqueue`, request).then(
    ({ status }) => status === 202,
    () => false,
  )
}

/** Whether the roster of the host has a channel. */
function hostKnows(name: string): boolean {
  const roster = join(installation.home, 'host/roster.json')
  return existsSync(roster) && readFileSync(roster, 'utf8').includes(`"channel":"${name}"`)
}

/** Begins new files of the write-ahead log until the database fails. */
async function useUpLog(): Promise<void> {
  const db = await openDatabase({ connection: installation.connection, size: 1 })
  try {
    for (;;) {
      await db.query(sql`select pg_logical_emit_message(true, 'test', repeat('x', 1000000))`)
      await db.query(sql`select pg_switch_wal()`)
    }
  } catch {
    // It has failed, or the connection has ended with it.
  } finally {
    await db.close()
  }
}

const almostFull = 'The disk of the installation is almost full'
const noAnswer = 'Fairlead does not answer'

test(
  'a full disk is reported, and nothing is lost when it has room again',
  requiresRoot,
  async () => {
    const url = `http://127.0.0.1:${(channel.address() as AddressInfo).port}/`
    const settings = { kind: 'cloudevents', settings: { url } }
    await installation.client.putChannel({ params: { channel: 'chat' }, body: settings })
    expect(await report('before')).toBe(true)
    await waitFor('the first message', async () => titles().length > 0)
    // A disk fills over time; this one is full at once, and the host needs to know the channel.
    await waitFor('the host knows who to notify', async () => hostKnows('chat'))
    fill()
    const filling = setInterval(fill, 500)
    try {
      await waitFor('the server says so', async () => titles().includes(almostFull), 120)
      // The log of the database needs another file, which finds no room.
      await useUpLog()
      await waitFor('the host says so', async () => titles().includes(noAnswer), 120)
      expect(await report('during')).toBe(false)
    } finally {
      clearInterval(filling)
      rmSync(filler, { force: true })
    }
    await waitFor('the alert is stored', () => report('during'), 120)
    await waitFor('its message', async () => titles().includes('during'))
    await waitFor('the end of the outage', async () =>
      titles().includes('Resolved: Fairlead did not answer'),
    )
    for (const title of ['before', almostFull, noAnswer, 'during'])
      expect(titles().filter((one) => one === title)).toHaveLength(1)
    const { alerts } = await installation.client.listAlerts({ query: {} })
    expect(alerts.map(({ title, state }) => `${title}: ${state}`)).toEqual(
      expect.arrayContaining(['before: open', 'during: open', 'Fairlead did not answer: resolved']),
    )
  },
)
