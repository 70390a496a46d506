import { fork } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'undici'
import { startPostgres } from '#platform/postgres/embedded.ts'
import { createLogger } from '#platform/log.ts'
import { openDatabase } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import { type Installation, startInstallation } from '../test/support/installation.ts'
import { makeRepository, type Repository } from '../test/support/repository.ts'
import { waitFor } from '../test/support/wait.ts'
import { milliseconds, quantile } from './measure.ts'

const perSecond = 500
const seconds = Number(process.env['BENCH_SECONDS'] ?? 60)
const many = Number(process.env['BENCH_DELIVERIES'] ?? 100_000)
const zeros = '0'.repeat(40)
/** one delivery in so many is of a commit on the delivered branch */
const realEvery = 1000

/**
 * Answers under a constant stream of deliveries, and what is lost or run twice while the server is
 * killed.
 */
export async function run(): Promise<void> {
  const installation = await startInstallation({ env: { FAIRLEAD_POLL_SECONDS: '3600' } })
  const repository = await makeRepository({ 'fairlead.yaml': 'steps: {test: {run: "true"}}\n' })
  try {
    await installation.client.createApp({
      body: {
        name: 'busy',
        repository: { kind: 'url', url: `file://${repository.folder}` },
        branch: 'main',
      },
    })
    const { secret } = await installation.client.putWebhook({ params: { app: 'busy' } })
    const bare = fork(join(import.meta.dirname, 'webhooks-bare.ts'), [
      join(installation.home, 'bare.log'),
      secret,
    ])
    const port = await new Promise<number>((resolve) =>
      bare.once('message', (message) => resolve(Number(message))),
    )
    console.log(
      `${perSecond} deliveries of 8 KB a second for ${seconds} s, from when each was due until it was answered`,
    )
    const alone = await stream(`http://127.0.0.1:${port}`, secret, 'bare')
    bare.kill()
    const ours = await stream(installation.url, secret, 'ours')
    for (const [name, times] of [
      ['a bare server that appends to a file', alone],
      ['Fairlead', ours],
    ] as const)
      console.log(
        `  ${name.padEnd(38)} median ${milliseconds(quantile(times, 0.5))}, p99 ${milliseconds(quantile(times, 0.99))}, most ${milliseconds(Math.max(...times))}`,
      )
    console.log(`  ratio of the medians ${(quantile(ours, 0.5) / quantile(alone, 0.5)).toFixed(1)}`)
    if (many === 0) return
    await underKills(installation, repository, secret)
    await discovery()
  } finally {
    await installation.stop()
    await repository.remove()
  }
}

const filler = 'x'.repeat(8000)

function delivery(secret: string, id: string, ref: string, after: string) {
  const body = JSON.stringify({ ref, before: zeros, after, head_commit: { message: filler }, id })
  const headers = {
    'content-type': 'application/json',
    'x-github-event': 'push',
    'x-github-delivery': id,
    'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
  }
  return { method: 'POST', path: '/webhooks/busy', headers, body } as const
}

const shaOf = (index: number): string => (index + 1).toString(16).padStart(40, '0')

async function stream(url: string, secret: string, name: string): Promise<number[]> {
  const pool = new Pool(url, { connections: 100 })
  const times: number[] = []
  const sent: Promise<void>[] = []
  const began = performance.now()
  for (let i = 0; i < perSecond * seconds; i += 1) {
    const due = began + (i * 1000) / perSecond
    if (due > performance.now()) await sleep(due - performance.now())
    const request = delivery(secret, `${name}-${i}`, `refs/heads/branch-${i % 50}`, shaOf(i))
    sent.push(
      pool.request(request).then(async ({ statusCode, body }) => {
        await body.dump()
        if (statusCode !== 202) throw new Error(`answered ${statusCode}`)
        times.push(performance.now() - due)
      }),
    )
  }
  await Promise.all(sent)
  await pool.close()
  return times
}

/**
 * Commits of which no webhook tells, each at a moment of its own: how long until they are found by
 * looking as often as by default.
 */
async function discovery(): Promise<void> {
  const installation = await startInstallation()
  const repositories: Repository[] = []
  try {
    const found = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const repository = await makeRepository({
          'fairlead.yaml': 'steps: {test: {run: "true"}}\n',
        })
        repositories.push(repository)
        const app = `quiet-${index}`
        const url = `file://${repository.folder}`
        await installation.client.createApp({
          body: { name: app, repository: { kind: 'url', url }, branch: 'main' },
        })
        await installation.client.putWebhook({ params: { app } })
        const runs = async (): Promise<number> =>
          (await installation.client.listRuns({ query: { app } })).runs.length
        await waitFor('the first look', async () => (await runs()) === 1, 120)
        await sleep(Math.random() * 40_000)
        await repository.commit({ 'a.txt': 'two' })
        const since = performance.now()
        await waitFor('it is found', async () => (await runs()) === 2, 120)
        return performance.now() - since
      }),
    )
    console.log(
      `20 commits whose webhook is lost, from the commit to the change: median ${milliseconds(quantile(found, 0.5))}, most ${milliseconds(Math.max(...found))}`,
    )
  } finally {
    await installation.stop()
    for (const repository of repositories) await repository.remove()
  }
}

async function underKills(
  installation: Installation,
  repository: Repository,
  secret: string,
): Promise<void> {
  let isOver = false
  let kills = 0
  let broken: unknown = null
  const killer = (async () => {
    while (!isOver) {
      await sleep(1000 + Math.random() * 4000)
      if (isOver) break
      await installation.killServer()
      kills += 1
      await installation.start()
    }
  })().catch((error: unknown) => {
    broken = error
  })
  const pushed: string[] = []
  let next = 0
  let repeats = 0
  const pool = new Pool(installation.url, { connections: 32 })
  const sender = async (): Promise<void> => {
    while (next < many) {
      const index = next++
      const isReal = index % realEvery === 0
      if (isReal) pushed.push(await repository.commit({ 'a.txt': String(index) }))
      const request = isReal
        ? delivery(secret, `kill-${index}`, 'refs/heads/main', pushed.at(-1) ?? zeros)
        : delivery(secret, `kill-${index}`, `refs/heads/branch-${index % 50}`, shaOf(index))
      // As a forge does that tries again, with the same id.
      for (;;) {
        const answer = await pool.request(request).catch(() => null)
        await answer?.body.dump().catch(() => undefined)
        if (answer?.statusCode === 202) break
        if (broken !== null) throw broken
        repeats += 1
        await sleep(50)
      }
    }
  }
  await Promise.all(Array.from({ length: 32 }, sender))
  isOver = true
  await killer
  await pool.close()
  await waitFor(
    'the newest ones are taken up',
    async () => {
      const { deliveries } = await installation.client.listWebhookDeliveries({
        params: { app: 'busy' },
      })
      return deliveries.every(({ state }) => state !== 'pending')
    },
    300,
  )
  await installation.stopServer()
  const server = await startPostgres({
    folder: join(installation.home, 'postgres'),
    log: createLogger(() => undefined),
  })
  const db = await openDatabase({ connection: server.connection, statementTimeout: 120_000 })
  const one = async (query: ReturnType<typeof sql>): Promise<number> =>
    Number(Object.values((await db.query<Record<string, unknown>>(query))[0] ?? {})[0])
  const waiting = await one(sql`select count(*) from webhook_delivery where state = 'pending'`)
  const stored = await one(
    sql`select count(distinct id) from webhook_delivery where id like 'kill-%'`,
  )
  const rows = await one(sql`select count(*) from webhook_delivery where id like 'kill-%'`)
  const runs = await one(sql`select count(*) from pipeline_run`)
  const twice = await one(
    sql`select count(*) from (select 1 from pipeline_run group by sha having count(*) > 1) as doubled`,
  )
  const last = await one(sql`select count(*) from pipeline_run where sha = ${pushed.at(-1) ?? ''}`)
  await db.close()
  await server.stop()
  console.log(
    `${many} deliveries, ${pushed.length} of commits to the delivered branch, the server killed ${kills} times`,
  )
  console.log(
    `  answered ${many}, sent again ${repeats}; lost ${many - stored}, stored twice ${rows - stored}, still waiting ${waiting}`,
  )
  console.log(`  runs ${runs}, commits run twice ${twice}, the last commit run ${last} time`)
}
