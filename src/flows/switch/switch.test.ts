import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { nothing } from '#contract/access/grants.ts'
import { FairleadError } from '#contract/errors.ts'
import type { Caller } from '#contract/handler.ts'
import type { HostSwitchChange, HostSwitches, HostSwitchReport } from '#contract/host/switches.ts'
import { pipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { putChannel } from '#domains/alert/channel-store.ts'
import { putTeam } from '#domains/oncall/store.ts'
import { readEvents } from '#engine/events.ts'
import { reconcileIncidents } from '#flows/incident/reconcile.ts'
import { reconcileAlerts } from '#flows/monitoring/alerts.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import { testDatabase } from '../../../test/support/postgres.ts'
import { switchHandlers } from './handlers.ts'
import { listRollouts } from '#domains/switch/rollout-store.ts'
import { syncSwitches, takeChanges } from './sync.ts'
import { onlyHost } from '../../../test/support/host.ts'

/** A host that keeps what it is sent. */
class SimulatedHost {
  served: HostSwitches = { version: '', settings: [], taken: [] }
  changes: HostSwitchChange[] = []
  rollouts: HostSwitchReport['rollouts'] = []
  isAway = false
  switches = async (): Promise<HostSwitchReport> => {
    if (this.isAway) throw new FairleadError('unavailable', { what: 'The host' })
    return {
      ...{ version: this.served.version, changes: this.changes },
      rollouts: this.rollouts,
    }
  }
  setSwitches = async (next: HostSwitches): Promise<void> => {
    this.served = next
    this.changes = this.changes.filter(({ id }) => !next.taken.includes(id))
  }
}

const ada: Caller = {
  ...{ ...nothing, role: 'operator', name: 'Ada', email: null, user: 1, session: null },
  ...{ isLimited: false, by: { credential: 'session', address: null } },
}
const params = { app: 'shop', environment: 'production', switch: 'recharge' }
const off = { serve: { variant: 'off' }, split: [], keys: {} }
const sha = 'a'.repeat(40)
let db: Database
let close: () => Promise<void>
let host: SimulatedHost
beforeAll(async () => ({ db, close } = await testDatabase()))
afterAll(() => close())
beforeEach(async () => {
  host = new SimulatedHost()
  const definition = JSON.stringify(
    pipelineFile.parse({
      switches: {
        recharge: {
          ...{ default: true, owner: 'payments', expires: '2026-01-01' },
          rollout: { key: 'X-User', steps: [10, 50], every: '10m' },
        },
        limit: { type: 'number', default: 50 },
      },
    }),
  )
  await db.batch([
    sql`truncate monitor, switch, switch_rollout, change, release, deployment cascade`,
    sql`delete from environment`,
    sql`delete from app`,
    sql`insert into app (name, repository, branch) values ('shop', '{"kind": "hosted"}', 'main')`,
    sql`insert into environment (app, name, position) values ('shop', 'production', 0)`,
    sql`insert into artifact (digest, app, run, size) values ('sha256:0', 'shop', 1, 1)
      on conflict do nothing`,
    sql`insert into change (app, sha, branch, subject, author, committed, chain)
      values ('shop', ${sha}, 'main', 'x', ${{ name: 'Ada', email: 'a@x' }}::jsonb, now(), 'c-1')`,
    sql`insert into release (id, app, environment, artifact, configuration, run, sha, definition)
      overriding system value values (1, 'shop', 'production', 'sha256:0', 0, 1,
        ${sha}, ${definition}::json)`,
    sql`insert into deployment (id, app, environment, kind, state, run, release, actor, workflow,
        live)
      overriding system value values (1, 'shop', 'production', 'delivery', 'live', 1, 1, 'Ada',
        'w', now())`,
  ])
})
const handlers = () =>
  switchHandlers({ db, hosts: onlyHost(host), now: () => Date.parse('2026-11-29T00:00:00Z') })
const { signal } = new AbortController()
const set = (setting: object | null, version?: number, name = 'recharge') =>
  handlers().setSwitch(
    {
      params: { ...params, switch: name },
      query: {},
      body: { setting: setting as typeof off | null, reason: 'a test', version },
    },
    ada,
    signal,
  )
const get = () => handlers().getSwitch({ params, query: {}, body: {} }, ada, signal)
const monitorIsDown = (onset: string) =>
  sql`insert into monitor (app, environment, kind, name, state, reason, firing, settings, entities,
      onset_from, onset_until)
    values ('shop', 'production', 'invariant', 'charged-twice', 'down', '2 rows break the rule',
      true, '{"pulls": ["recharge"]}', '{17,23}', ${onset}::timestamptz, ${onset}::timestamptz)
    on conflict (app, environment, name) where settings is not null do update set
      onset_until = excluded.onset_until, state = 'down', firing = true`

test('a person sets a switch, the host serves it, and the log has it', async () => {
  const { switches } = await handlers().listSwitches(
    ...([{ params: {}, query: {}, body: {} }, ada, signal] as const),
  )
  expect(switches.map(({ name, value, version }) => [name, value, version])).toEqual([
    ['recharge', true, 0],
    ['limit', 50, 0],
  ])
  expect(await set(off)).toMatchObject({
    isServed: true,
    switch: { value: false, version: 1, actor: 'Ada', isExpired: true, owner: 'payments' },
  })
  expect(host.served.settings).toEqual([
    { app: 'shop', environment: 'production', name: 'recharge', setting: off },
  ])
  expect(await set({ ...off, serve: { value: 20 } }, 0, 'limit')).toMatchObject({
    switch: { value: 20 },
  })
  expect(await set(null)).toMatchObject({ switch: { value: true, version: 2, setting: null } })
  expect((await get()).changes.map(({ text }) => text)).toEqual([
    'Ada set the switch recharge in production of shop to its default: a test',
    'Ada set the switch recharge in production of shop to off: a test',
  ])
})

test('the switches of a preview are listed and can be set', async () => {
  await db.query(sql`update environment set pull_request = 7`)
  expect(await set(off)).toMatchObject({ isServed: true, switch: { value: false } })
})

test('refuses values that the switch does not have, and changes of what has changed', async () => {
  await expect(set({ ...off, serve: { variant: 'of' } })).rejects.toThrow('must be one of on, off')
  await expect(set({ ...off, keys: { ada: { value: true } } })).rejects.toThrow('one of on, off')
  await expect(set({ ...off, serve: { value: 'x' } }, 0, 'limit')).rejects.toThrow('type number')
  await expect(set(off, 0, 'absent')).rejects.toThrow('There is no switch absent')
  await set(off, 0)
  await expect(set(null, 0)).rejects.toThrow('Ada has changed the switch recharge meanwhile')
  await expect(set(null, 7)).rejects.toThrow('meanwhile')
  expect(await get()).toMatchObject({ version: 1, value: false })
})

test('a host that is away gets the settings later', async () => {
  host.isAway = true
  expect(await set(off)).toMatchObject({ isServed: false, switch: { value: false } })
  host.isAway = false
  await syncSwitches({ db, hosts: onlyHost(host) })
  expect(host.served.settings).toHaveLength(1)
})

test('a change on the host is stored once, and before a later one of a person', async () => {
  const change = (id: string, variant: string, app = 'shop') => ({
    ...{ id, app, environment: 'production', name: 'recharge', reason: 'it charges', at: 1 },
    setting: { ...off, serve: { variant } },
  })
  host.changes = [change('a', 'off'), change('b', 'off', 'removed')]
  await takeChanges({ db, hosts: onlyHost(host) })
  await takeChanges({ db, hosts: onlyHost(host) })
  expect(host.changes).toHaveLength(2)
  expect(await set({ ...off, serve: { variant: 'on' } })).toMatchObject({
    switch: { value: true, version: 2 },
  })
  expect(host.changes).toEqual([])
  expect((await get()).changes.slice(0, 2).map(({ text }) => text)).toEqual([
    'Ada set the switch recharge in production of shop to on: a test',
    'Fairlead set the switch recharge in production of shop to off: ' +
      'on the machine of the host: it charges',
  ])
})

test('a monitor turns a switch off once for each harm, and a person turns it on', async () => {
  await db.query(monitorIsDown('2026-11-29T10:00:00Z'))
  await syncSwitches({ db, hosts: onlyHost(host) })
  expect(host.served.settings).toMatchObject([{ name: 'recharge', setting: off }])
  expect(await get()).toMatchObject({
    ...{ value: false, pulledBy: 'charged-twice', reason: '2 rows break the rule', version: 1 },
  })
  const [event] = await readEvents(db, { subject: 'switch/shop/production/recharge', limit: 1 })
  expect(event).toMatchObject({
    type: 'dev.cdeventsx.fairlead-switch.pulled',
    data: { monitor: 'charged-twice', entities: ['17', '23'] },
  })
  await syncSwitches({ db, hosts: onlyHost(host) })
  expect((await get()).version).toBe(1)
  // The end of the harm does not turn it on.
  await db.query(sql`update monitor set state = 'up', firing = false`)
  await syncSwitches({ db, hosts: onlyHost(host) })
  expect((await get()).value).toBe(false)
  await db.query(sql`update monitor set state = 'down', firing = true`)
  // A person decides, also while the harm goes on.
  await set({ ...off, serve: { variant: 'on' } })
  await syncSwitches({ db, hosts: onlyHost(host) })
  expect(await get()).toMatchObject({ value: true, pulledBy: null })
  await db.query(monitorIsDown('2026-11-29T11:00:00Z'))
  await syncSwitches({ db, hosts: onlyHost(host) })
  expect(await get()).toMatchObject({ value: false, pulledBy: 'charged-twice', version: 3 })
})

const prepareTeam = async () => {
  const channel = (name: string, person: string) =>
    putChannel({
      ...{ name, person, kind: 'cloudevents', urgency: 'high' },
      settings: JSON.stringify({ url: 'http://127.0.0.1:9' }),
    })
  const escalation = {
    ...{ suspects: 5, repeats: 0, working: null },
    steps: [{ notify: ['person:Eve'], minutes: 5 }],
  }
  await db.batch([
    sql`truncate alert, channel, team cascade`,
    ...[channel('ada', 'Ada'), channel('eve', 'Eve'), sql`update channel set proven = now()`],
    putTeam('payments', escalation),
  ])
}
const run = () =>
  reconcileAlerts({
    ...{ db, now: Date.now, onNotification: () => undefined, readMachine: async () => [] },
    findSuspects: async () => [{ name: 'Ada', email: null, user: 'Ada', reason: 'they wrote it' }],
  })
const messages = () =>
  db.query(sql`select a.title, a.urgency, array_agg(n.person order by n.id) as people
    from alert a join notification n on n.alert = a.id group by a.id order by a.id`)

test('the team of the switch gets an alert of its own at once', async () => {
  await prepareTeam()
  await db.query(sql`insert into monitor (app, environment, kind, name, state, firing, reason)
    values ('shop', 'production', 'errors', 'errors', 'down', true, 'it fails')`)
  await run()
  const first = {
    ...{ title: 'shop in production fails requests', urgency: 'high', people: ['Ada'] },
  }
  expect(await messages()).toEqual([first])
  await db.query(monitorIsDown('2026-11-29T12:00:00Z'))
  await run()
  expect(await messages()).toEqual([
    first,
    {
      title:
        'The rule charged-twice of shop in production is broken: it turned off the switch recharge',
      ...{ urgency: 'high', people: ['Ada', 'Eve'] },
    },
  ])
})

const rollOut = (variant = 'off') =>
  handlers().startSwitchRollout(
    { params, query: {}, body: { serve: { variant }, reason: 'cards' } },
    ada,
    signal,
  )
const count = async (percent: number, on: [number, number], off_: [number, number]) => {
  const id = host.served.settings[0]?.rollout?.id ?? ''
  const [failed, keys] = on
  const [failedOff, keysOff] = off_
  const own = { percent, on: { failed, keys }, off: { failed: failedOff, keys: keysOff } }
  const before = host.rollouts.find((one) => one.id === id)?.tallies ?? []
  host.rollouts = [{ id, tallies: [...before, own] }]
}
const after = (minutes: number) =>
  syncSwitches({ db, hosts: onlyHost(host), now: () => Date.now() + minutes * 60_000 })

test('a gradual change grows by its steps, and ends with everybody', async () => {
  expect(await rollOut()).toMatchObject({
    isServed: true,
    switch: { value: true, version: 1, rollout: { state: 'running', step: 0, to: 'off' } },
  })
  expect(host.served.settings).toEqual([
    expect.objectContaining({
      setting: {
        serve: { variant: 'on' },
        split: [{ percent: 10, serve: { variant: 'off' } }],
        keys: {},
      },
      rollout: { id: expect.any(String), key: { header: 'X-User' } },
    }),
  ])
  await after(11)
  expect((await get()).rollout).toMatchObject({
    state: 'waiting',
    reason: 'only 0 keys with off were seen at 10 %; 30 are needed',
  })
  await count(10, [1, 40], [4, 360])
  await after(11)
  expect((await get()).rollout).toMatchObject({ state: 'running', step: 1 })
  expect(host.served.settings[0]?.setting.split).toEqual([
    { percent: 50, serve: { variant: 'off' } },
  ])
  await count(50, [1, 80], [1, 90])
  await after(11)
  expect(await get()).toMatchObject({
    value: false,
    rollout: {
      state: 'finished',
      reason: '2 of 120 keys with off had failed requests, and 5 of 450 without it',
    },
  })
  expect(host.served.settings[0]).not.toHaveProperty('rollout')
})

test('a gradual change that harms goes back by itself, and a person can end it', async () => {
  await set({ ...off, serve: { variant: 'on' } })
  await rollOut()
  await count(10, [20, 40], [3, 360])
  await after(0)
  expect(await get()).toMatchObject({
    ...{ value: true, actor: 'fairlead', version: 3 },
    setting: { serve: { variant: 'on' }, split: [] },
    rollout: { state: 'harmful', reason: expect.stringContaining('20 of 40 keys with off') },
  })
  expect((await get()).changes[0]?.text).toBe(
    'Fairlead set the switch recharge in production of shop back to on: 20 of 40 keys with off ' +
      'had failed requests, and 3 of 360 without it',
  )
  await rollOut()
  await set(off)
  expect(host.served.settings[0]).not.toHaveProperty('rollout')
  await after(0)
  expect((await listRollouts(db))[0]).toMatchObject({
    state: 'ended',
    reason: 'Ada set the switch',
  })
  await expect(rollOut('none')).rejects.toThrow('must be one of on, off')
  const other = { ...params, switch: 'limit' }
  await expect(
    handlers().startSwitchRollout(
      { params: other, query: {}, body: { serve: { value: 20 }, reason: '' } },
      ada,
      signal,
    ),
  ).rejects.toThrow('has no `rollout` in fairlead.yaml')
})

test('a gradual change that harms notifies the owner and opens an incident', async () => {
  await prepareTeam()
  await db.query(sql`truncate incident cascade`)
  await rollOut()
  await count(10, [20, 40], [3, 360])
  await after(0)
  await run()
  await run()
  expect(await messages()).toEqual([
    {
      title:
        'The switch recharge of shop in production was set back, because its new value did harm',
      ...{ urgency: 'high', people: ['Ada', 'Eve'] },
    },
  ])
  const incidents = () =>
    db.query(sql`select i.title, i.mitigation, i.over is not null as "isOver", c.kind, c.ref, c.text
      from incident i join incident_change c on c.incident = i.id and c.place = 1`)
  await reconcileIncidents({ db, now: Date.now })
  await reconcileIncidents({ db, now: Date.now })
  const suspect = {
    ...{ kind: 'switch', ref: 'recharge' },
    text: 'switch recharge set to off for 10 %, else on by Ada',
  }
  expect(await incidents()).toMatchObject([
    { mitigation: 'Fairlead set the switch recharge back', isOver: false, ...suspect },
  ])
  // Ten minutes later it no longer fires.
  await db.query(sql`update switch set changed = changed - interval '10 minutes'`)
  await run()
  await reconcileIncidents({ db, now: Date.now })
  expect(await incidents()).toMatchObject([{ isOver: true, ...suspect }])
})
