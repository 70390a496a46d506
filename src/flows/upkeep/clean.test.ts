import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { insertArtifact, keptOf, listKept } from '#domains/artifact/store.ts'
import { readEvents } from '#engine/events.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { homeFrom } from '#platform/home.ts'
import { sql } from '#platform/postgres/sql.ts'
import { testDatabase } from '../../../test/support/postgres.ts'
import { clean } from './clean.ts'

const digest = (run: number): string => `sha256:${String(run).padStart(64, '0')}`

test('keeps the newest artifacts, and emits an event for each that it removes', async () => {
  const { db, close } = await testDatabase()
  const root = await mkdtemp(join(tmpdir(), 'fairlead-clean-'))
  const deps = { db, home: homeFrom({ FAIRLEAD_HOME: root }), cacheBudget: 1 } as Dependencies
  try {
    for (let run = 1; run <= 12; run += 1)
      await db.query(
        insertArtifact({
          ...{ digest: digest(run), app: 'shop', run },
          ...{ size: 1, isFromPullRequest: false },
        }),
      )
    expect(await clean(deps)).toMatchObject({ artifacts: 0 })
    await db.query(sql`update artifact set created = now() - interval '1 hour'`)
    // A clean-up that ended before its event was stored is continued.
    const first = [digest(1)]
    await db.query(sql`update artifact set removed = 'infinity' where digest = any(${first})`)
    expect(await listKept(db)).toContain(digest(1))
    expect(await keptOf(db, first)).toEqual(new Set())
    expect(await clean(deps)).toMatchObject({ artifacts: 2 })
    expect(await clean(deps)).toMatchObject({ artifacts: 0 })
    expect(await listKept(db)).not.toContain(digest(1))
    const events = await readEvents(db, { after: 0, limit: 10 })
    const type = 'dev.cdevents.artifact.deleted'
    const about = { type, version: '0.2.0', chain: 'app/shop', app: 'shop', actor: 'fairlead' }
    expect(events.map(({ id: _id, time: _time, ...event }) => event).toSorted(bySubject)).toEqual(
      [1, 2].map((run) => ({
        ...about,
        subject: `artifact/${digest(run)}`,
        by: null,
        data: { run },
      })),
    )
  } finally {
    await close()
    await rm(root, { recursive: true, force: true })
  }
})

const bySubject = (one: { subject: string }, other: { subject: string }): number =>
  one.subject.localeCompare(other.subject)
