import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { systemClock } from '#platform/clock.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import { keys, names, scenario, tables } from '../../test/support/kill/scenario.ts'
import type { Order } from '../../test/support/kill/victim.ts'
import { testDatabase } from '../../test/support/postgres.ts'
import { isLong } from '../../test/support/scale.ts'
import { createEngine } from './engine.ts'
import type { Engine } from './workflow.ts'

/**
 * A round goes through the boundaries, each time with the next mode. `npm run test:long` tries every
 * mode at each of them, `npm test` one mode at every 27th.
 */
const rounds = isLong ? 3 : 1
const stride = isLong ? 1 : 27
/**
 * `late` wakes a frozen replica when everything has ended, `early` while the survivor is still
 * working.
 */
const modes = ['killed', 'frozen, woken early', 'frozen, woken late'] as const
type Mode = (typeof modes)[number]
const lease = 500
const atOnce = 3
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }

interface Victim {
  child: ChildProcess
  heard: Record<string, unknown>[]
  /** waits until one of its messages matches, or until it has exited */
  hear(fits: (message: Record<string, unknown>) => boolean): Promise<boolean>
}

const victims = new Set<ChildProcess>()
afterAll(() => {
  for (const child of victims) child.kill('SIGKILL')
})

function spawnVictim(): Victim {
  const file = fileURLToPath(new URL('../../test/support/kill/victim.ts', import.meta.url))
  const child = spawn(process.execPath, [file], { stdio: ['pipe', 'pipe', 'inherit'] })
  victims.add(child)
  const heard: Record<string, unknown>[] = []
  const wakes = new Set<() => void>()
  const wake = (): void => {
    for (const one of wakes) one()
  }
  createInterface(child.stdout).on('line', (line) => {
    heard.push(JSON.parse(line) as Record<string, unknown>)
    wake()
  })
  let isGone = false
  child.once('exit', () => {
    isGone = true
    victims.delete(child)
    wake()
  })
  const hear: Victim['hear'] = async (fits) => {
    for (;;) {
      if (heard.some(fits)) return true
      if (isGone) return false
      await new Promise<void>((resolve) => wakes.add(resolve))
    }
  }
  return { child, heard, hear }
}

const order = (victim: Victim, what: Order): void =>
  void victim.child.stdin?.write(`${JSON.stringify(what)}\n`)

async function startScenario(db: Database, engine: Pick<Engine, 'startStatements'>): Promise<void> {
  await db.batch(
    names.flatMap(([id, name]) =>
      engine.startStatements({ id, name, chain: `chain/${id}`, input: null }),
    ),
  )
}

function survivorOf(db: Database, at: () => Promise<void> = async () => undefined): Engine {
  const definitions = scenario(db, at)
  return createEngine({
    db,
    clock: systemClock,
    random: Math.random,
    replica: 'survivor',
    definitions,
    log: quiet,
    lease,
  })
}

/** Checks what must hold after everything has ended, whichever process was killed. */
async function requireIntact(db: Database, what: string): Promise<void> {
  const query = async (statement: ReturnType<typeof sql>) => db.query(statement)
  expect(await query(sql`select id, state, owner from workflow order by id`), what).toEqual(
    ['child', 'main', 'rival'].map((id) => ({ id, state: 'succeeded', owner: null })),
  )
  expect(await query(sql`select output from workflow where id = 'main'`), what).toEqual([
    { output: ['first', 'left', 'right', 'last'] },
  ])
  const applied = await db.query<{ key: string }>(sql`select key from target`)
  expect(applied.map((row) => row.key).sort(), what).toEqual(keys.toSorted())
  // The end of each step wrote its row and its event once. A repeated step may have flushed a part
  // twice.
  const written = await db.query<{ subject: string; count: number }>(
    sql`select workflow || '/' || step || '/' || part as subject, count(*) as count
      from journal group by 1 order by 1`,
  )
  const told = await db.query<{ subject: string; count: number }>(
    sql`select subject, count(*) as count from event
      where type = 'dev.cdevents.taskrun.finished' group by 1 order by 1`,
  )
  expect(told, what).toEqual(written)
  expect(
    written.filter((row) => row.subject.endsWith('/end')).map((row) => [row.subject, row.count]),
    what,
  ).toEqual(keys.toSorted().map((key) => [`${key}/end`, 1]))
  // An effect that happened twice, because nothing could refuse it, is marked as a repeat.
  const blind = await db.query<{ key: string; count: number }>(
    sql`select key, count(*) as count from blind group by 1`,
  )
  const repeats = await db.query<{ subject: string }>(
    sql`select subject from event where type = 'dev.cdeventsx.fairlead-step.repeated'`,
  )
  expect(blind.map((row) => row.key).sort(), what).toEqual(keys.toSorted())
  for (const { key, count } of blind)
    if (count > 1)
      expect(
        repeats.map((row) => row.subject),
        `${what}: ${key}`,
      ).toContain(`workflow/${key}`)
  // The lock keeps all writes of `rival` before or after those that `main` did with it.
  const order = await db.query<{ workflow: string }>(
    sql`select workflow from journal
      where workflow = 'rival' or (workflow = 'main' and step <> 'last') order by id`,
  )
  const switches = order.filter((row, i) => i > 0 && row.workflow !== order[i - 1]?.workflow)
  expect(switches.length, what).toBe(1)
  expect(await query(sql`select * from lock`), what).toEqual([])
  expect(await query(sql`select * from workflow_step where ended is null`), what).toEqual([])
  expect(
    await query(sql`select count(*) as count from event where type like '%broken'`),
    what,
  ).toEqual([{ count: 0 }])
}

async function findBoundaries(): Promise<string[]> {
  const { db, connection, close } = await testDatabase()
  await db.batch(tables)
  const survivor = survivorOf(db)
  await startScenario(db, survivor)
  const victim = spawnVictim()
  order(victim, { connection, lease, target: null, signal: 'SIGKILL' })
  for (const id of ['main', 'rival']) await survivor.result(id)
  await survivor.result('child')
  await requireIntact(db, 'undisturbed')
  victim.child.kill('SIGKILL')
  await once(victim.child, 'exit')
  await close()
  return [
    ...new Set(
      victim.heard.flatMap((message) =>
        typeof message['passed'] === 'string' ? [message['passed']] : [],
      ),
    ),
  ]
}

/** The replica has noticed that it lost its lease, or has renewed it. */
async function wakeUp(victim: Victim): Promise<void> {
  const renewals = (): number => victim.heard.filter((message) => 'lease' in message).length
  const before = renewals()
  victim.child.kill('SIGCONT')
  await victim.hear(() => renewals() > before + 1)
}

/** Runs the scenario on a victim up to the boundary, and then on a survivor to the end. */
async function tryBoundary(victim: Victim, target: string, mode: Mode): Promise<boolean> {
  const what = `${mode} at ${target}`
  const { db, connection, close } = await testDatabase()
  await db.batch(tables)
  const waking: Promise<void>[] = []
  const survivor = survivorOf(db, () => {
    if (mode === 'frozen, woken early' && waking.length === 0) waking.push(wakeUp(victim))
    return waking[0] ?? Promise.resolve()
  })
  await startScenario(db, survivor)
  order(victim, { connection, lease, target, signal: mode === 'killed' ? 'SIGKILL' : 'SIGSTOP' })
  const all = Promise.all(['main', 'rival'].map((id) => survivor.result(id))).then(() =>
    survivor.result('child'),
  )
  // A boundary that depends on timing may not occur; the victim then runs to the end.
  const isHit = await Promise.race([
    victim.hear((message) => 'hit' in message),
    all.then(() => false),
  ])
  if (isHit) await survivor.open()
  await all
  if (isHit && mode === 'frozen, woken late') await wakeUp(victim)
  await Promise.all(waking)
  victim.child.kill('SIGKILL')
  if (isHit) await survivor.close()
  await requireIntact(db, what)
  expect(await db.query(sql`select id from replica where id like 'survivor%'`), what).toEqual([])
  await close()
  return isHit
}

test(
  'every workflow ends once when a replica is killed or frozen at any boundary',
  async () => {
    const boundaries = await findBoundaries()
    // The harness finds the boundaries itself; this checks that it found some.
    for (const kind of [
      'before claim_workflows',
      'during begin_step',
      'after end_step',
      'before effect',
      'after effect',
      'beat',
      'take_lock rival',
      'free_lock',
      'flush_step',
      'end_workflow',
    ])
      expect(
        boundaries.some((label) => label.includes(kind)),
        kind,
      ).toBe(true)
    const trials = Array.from({ length: rounds }, (_, round) =>
      boundaries
        .filter((_, i) => i % stride === 0)
        .map((target, i) => ({ target, mode: modes[(i + (i >> 1) + round) % 3] ?? 'killed' })),
    ).flat()
    let hits = 0
    const work = async (): Promise<void> => {
      let next: Victim | null = spawnVictim()
      /** A boundary that depends on time, such as a beat, may not come each time. */
      const isMet = async ({ target, mode }: { target: string; mode: Mode }): Promise<boolean> => {
        for (let tries = 0; tries < 3; tries += 1) {
          const victim: Victim = next ?? spawnVictim()
          next = trials.length > 0 ? spawnVictim() : null
          if (await tryBoundary(victim, target, mode)) return true
        }
        return false
      }
      for (let trial = trials.shift(); trial; trial = trials.shift())
        if (await isMet(trial)) hits += 1
    }
    const total = trials.length
    await Promise.all(Array.from({ length: atOnce }, work))
    expect(hits).toBeGreaterThan(total * 0.9)
    console.log(`${hits} of ${total} boundaries were met`)
  },
  120_000 + rounds * 120_000,
)
