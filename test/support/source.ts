import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pushProblem } from '#domains/source/apps.ts'
import { pushLines } from '#domains/source/change.ts'
import { createGitHttp } from '#domains/source/git-http.ts'
import { createSource, type Source } from '#domains/source/source.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import { testDatabase } from './postgres.ts'

export interface SourceWorld {
  source: Source
  db: Database
  /** of the git remotes, with a token that may push: `remote('app')` */
  remote(app: string, token?: string): string
  folder: string
  logged: string[]
  /** throws in the place of the database while it is set */
  outage: { error: Error | null }
  changes(app: string): Promise<{ sha: string; base: string | null; chain: string }[]>
  /** what was begun, oldest first */
  runs(app: string): Promise<string[]>
  eventTypes(app: string): Promise<string[]>
  head(app: string): Promise<string | null>
  close(): Promise<void>
}

const tokens: Record<string, { name: string; canPush: boolean }> = {
  'developer-token': { name: 'ada', canPush: true },
  'viewer-token': { name: 'vic', canPush: false },
}

/** The source over real git, PostgreSQL and HTTP. A run is a row of a table made for it. */
export async function startSource(options: { largestPush?: number } = {}): Promise<SourceWorld> {
  const database = await testDatabase()
  const { db } = database
  await db.query(
    sql`create table began (run bigint generated always as identity, app text, sha text)`,
  )
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-source-'))
  const logged: string[] = []
  const outage: SourceWorld['outage'] = { error: null }
  const write = (message: string, fields?: Record<string, unknown>): void =>
    void logged.push(`${message} ${JSON.stringify(fields ?? {})}`)
  const log = { info: write, warn: write, error: write }
  const failing: Database = {
    ...db,
    query: (statement) => (outage.error ? Promise.reject(outage.error) : db.query(statement)),
    batch: (statements) => (outage.error ? Promise.reject(outage.error) : db.batch(statements)),
  }
  const source = createSource({
    db: failing,
    repositories: join(folder, 'repositories'),
    publicUrl: 'http://localhost:4400',
    log,
    onChange: async (change) => ({
      run: 7,
      statements: [sql`insert into began (app, sha) values (${change.app}, ${change.sha})`],
    }),
  })
  const handle = createGitHttp({
    repositories: join(folder, 'repositories'),
    log,
    ...options,
    authorize: async (request, _app, wants, address) => {
      const [, basic] = (request.headers.authorization ?? '').split(' ')
      const token =
        tokens[
          Buffer.from(basic ?? '', 'base64')
            .toString()
            .split(':')[1] ?? ''
        ]
      const by = { credential: 'token', address } as const
      const person = token ? { name: token.name, email: null } : null
      return token
        ? { name: token.name, by, person, allowed: wants === 'read' || token.canPush }
        : null
    },
    refusePush: async (app) => {
      const stored = await source.stored(app)
      return stored && pushProblem(stored)
    },
    onReceived: async (app, actor, pushes) => {
      const { decision, run } = await source.receive(app, actor, pushes)
      const stored = await source.stored(app)
      return stored ? pushLines(decision, stored, run, 'http://localhost:4400') : []
    },
  })
  const server = createServer((request, response) => {
    const [, app = '', rest = ''] = /^\/git\/([^/?]*)(.*)$/.exec(request.url ?? '') ?? []
    handle(request, response, decodeURIComponent(app).replace(/\.git$/, ''), rest)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    source,
    db,
    folder,
    logged,
    outage,
    remote: (app, token = 'developer-token') =>
      `http://ada:${token}@127.0.0.1:${port}/git/${app}.git`,
    changes: (app) =>
      db.query(sql`select sha, base, chain from change where app = ${app} order by received`),
    runs: async (app) =>
      (
        await db.query<{ sha: string }>(sql`select sha from began where app = ${app} order by run`)
      ).map((row) => row.sha),
    eventTypes: async (app) =>
      (
        await db.query<{ type: string }>(sql`select type from event where app = ${app} order by id`)
      ).map((row) => row.type.replace('dev.cdevents.', '')),
    head: async (app) => (await source.stored(app))?.head ?? null,
    close: async () => {
      await new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      })
      await database.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
