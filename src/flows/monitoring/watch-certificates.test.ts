import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import type { HostCertificate } from '#contract/host/status.ts'
import { createTargets } from '#domains/deployment/open-targets.ts'
import { defineTarget, type Target, type TargetIo } from '#domains/deployment/target.ts'
import { listMonitors } from '#domains/monitor/store.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'
import { readCertificates } from '#views/domain.ts'
import { firingSources } from '#views/watched.ts'
import { testDatabase } from '../../../test/support/postgres.ts'
import { watchCertificates } from './watch-certificates.ts'

const day = 86_400_000
const now = Date.parse('2026-11-30T12:00:00Z')
let db: Database
let close: () => Promise<void>
beforeAll(async () => {
  ;({ db, close } = await testDatabase())
  await db.batch([
    sql`insert into app (name, repository, branch) values ('shop', '{"kind": "hosted"}', 'main')`,
    sql`insert into environment (app, name, position, pull_request)
      values ('shop', 'staging', 0, null), ('shop', 'production', 1, null),
        ('shop', 'pull-7', 2, 7)`,
    sql`insert into artifact (digest, app, run, size) values ('sha256:0', 'shop', 1, 1)`,
    ...release(1, 'staging', ['moved.example.com']),
    ...release(2, 'production', ['moved.example.com', 'shop.example.com', 'new.example.com']),
    ...release(3, 'pull-7', ['shop.example.com']),
  ])
})
afterAll(() => close())

/** What a target answers; null for nothing. */
let answer: HostCertificate[] | null = null
let questions = 0
const targets = createTargets(
  [
    defineTarget({
      ...{ kind: 'process', title: 'A host', config: z.object({}), example: {}, capabilities: [] },
      identity: () => '',
      open: () =>
        ({
          certificates: () => {
            questions += 1
            return answer ? Promise.resolve(answer) : Promise.reject(new Error('it is away'))
          },
        }) as Partial<Target> as Target,
    }),
  ],
  {} as TargetIo,
)
const look = async (): Promise<string[]> => {
  await watchCertificates({ db, targets, now: () => now })
  return (await listMonitors(db, { apps: null })).map(
    ({ environment, name, state }) => `${environment} ${name} ${state}`,
  )
}
const shown = () =>
  readCertificates(db, targets.of({ kind: 'process' }), {
    ...{ app: 'shop', environment: 'production' },
    domains: ['shop.example.com', 'new.example.com'].map((name) => ({ name, http: 'redirect' })),
  })
const ending = (name: string, days: number): HostCertificate => ({
  ...{ name, begins: now + (days - 90) * day, expires: now + days * day, issuer: 'Pebble' },
  ...{ problem: null, attempts: 0, next: now + day },
})

test('the certificate of each live domain is watched until the domain is gone', async () => {
  answer = [ending('moved.example.com', 60), ending('shop.example.com', 13)]
  expect(await look()).toEqual([
    'production shop.example.com degraded',
    'production moved.example.com up',
  ])
  expect(questions).toBe(1)
  expect(await firingSources(db)).toMatchObject([
    {
      ...{ app: 'shop', environment: 'production', service: null, kind: 'certificate' },
      ...{ name: 'shop.example.com', reason: 'it ends on 2026-12-13 12:00 UTC', urgency: 'low' },
    },
  ])
  expect(await shown()).toEqual([
    {
      ...{ domain: 'shop.example.com', state: 'degraded', expires: '2026-12-13T12:00:00.000Z' },
      ...{ issuer: 'Pebble', problem: null, next: '2026-12-01T12:00:00.000Z' },
    },
  ])
  // The harm goes on while the host does not answer, and gets worse.
  answer = null
  expect(await look()).toContain('production shop.example.com unknown')
  expect(await firingSources(db)).toHaveLength(1)
  expect(await shown()).toMatchObject([
    { domain: 'shop.example.com', state: 'unknown', problem: 'the host does not answer' },
    { domain: 'new.example.com', state: 'unknown', problem: 'the host does not answer' },
  ])
  answer = [ending('shop.example.com', 0)]
  expect(await look()).toEqual(['production shop.example.com down'])
  expect(await firingSources(db)).toMatchObject([
    { source: expect.stringMatching(/^monitor\/\d+\/page$/), urgency: null, isLast: true },
  ])
  answer = [ending('shop.example.com', 90)]
  expect(await look()).toEqual(['production shop.example.com up'])
  expect(await firingSources(db)).toEqual([])
  await db.query(sql`update deployment set state = 'replaced' where environment = 'production'`)
  expect(await look()).toEqual([])
})

/** A live release of an environment with domains. */
function release(id: number, environment: string, names: string[]): Statement[] {
  const domains = names.map((name) => ({ name, http: 'redirect' }))
  const definition = JSON.stringify({ environments: { [environment]: { domains } } })
  return [
    sql`insert into release (id, app, environment, artifact, configuration, run, sha, definition)
      overriding system value values (${id}, 'shop', ${environment}, 'sha256:0', 0, 1, 'c0ffee',
        ${definition}::json)`,
    sql`insert into deployment (app, environment, kind, state, run, release, actor, workflow, live)
      values ('shop', ${environment}, 'delivery', 'live', 1, ${id}, 'Ada', 'w', now())`,
  ]
}
