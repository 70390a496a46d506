import { openDatabase } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import { createLogger } from '#platform/log.ts'
import { startPostgres } from '#platform/postgres/embedded.ts'
import { join } from 'node:path'
import { type Client } from '#contract/client.ts'
import { endedRun, push } from '../test/support/app.ts'
import { type Installation, startInstallation } from '../test/support/installation.ts'
import { makeRepository, tinyServer } from '../test/support/repository.ts'
import { median, milliseconds, timed } from './measure.ts'

const many = 100_000

/** The same delivery and the same readings with an empty log and with 100,000 events in it. */
export async function run(): Promise<void> {
  const installation = await startInstallation()
  const repository = await makeRepository({
    'server.js': tinyServer('0'),
    'fairlead.yaml':
      'services: {web: {run: exec node server.js, health: /}}\nenvironments: {production: {watch: 0s}}\n',
  })
  try {
    const deliver = deliveries(installation, repository)
    await deliver()
    const before = await figures(installation.client, deliver)
    await fill(installation)
    const after = await figures(installation.client, deliver)
    console.log(
      `with ${many.toLocaleString('en')} more events in the log, against before (medians)`,
    )
    for (const [name, value] of Object.entries(before)) {
      const now = after[name] ?? NaN
      console.log(
        `  ${name.padEnd(22)} ${milliseconds(value)} → ${milliseconds(now)}   ratio ${(now / value).toFixed(2)}`,
      )
    }
  } finally {
    await installation.stop()
    await repository.remove()
  }
}

function deliveries(
  installation: Installation,
  repository: Awaited<ReturnType<typeof makeRepository>>,
) {
  let version = 0
  return async (): Promise<void> => {
    version += 1
    await repository.commit({ 'server.js': tinyServer(String(version)) })
    await push(installation, 'steady', repository)
    const { runs } = await installation.client.listRuns({ query: { app: 'steady', limit: 1 } })
    await endedRun(installation, runs[0]!.id)
  }
}

async function figures(
  client: Client,
  deliver: () => Promise<void>,
): Promise<Record<string, number>> {
  const measure = async (body: () => Promise<unknown>): Promise<number> => {
    const times: number[] = []
    for (let i = 0; i < 9; i += 1) times.push(await timed(body))
    return median(times)
  }
  const { runs } = await client.listRuns({ query: { limit: 1 } })
  const chain = runs[0]!.change.chain
  return {
    'a delivery': await measure(deliver),
    'the home page': await measure(() => client.listLines()),
    'the newest 50 events': await measure(() => client.listEvents()),
    'one chain of events': await measure(() =>
      client.listEvents({ query: { chain, after: 0, limit: 200 } }),
    ),
  }
}

async function fill(installation: Installation): Promise<void> {
  const server = await startPostgres({
    folder: join(installation.home, 'postgres'),
    log: createLogger(() => undefined),
  })
  const db = await openDatabase({ connection: server.connection, statementTimeout: 120_000 })
  await db.query(sql`insert into event (type, version, subject, chain, app, actor, data)
    select 'dev.cdevents.taskrun.finished', '0.3.0', 'run/' || n / 20, 'filler-' || n / 20, 'steady', 'bench', '{"name": "test", "outcome": "success"}'
    from generate_series(1, ${many}) n`)
  await db.query(sql`analyze event`)
  await db.close()
  await server.stop()
}
