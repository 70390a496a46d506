import { execFileSync } from 'node:child_process'
import { createWriteStream, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readReports } from '#flows/step/reports.ts'
import { milliseconds, timed } from './measure.ts'
import { startPostgres } from '#platform/postgres/embedded.ts'
import { migrate } from '#platform/postgres/migrate.ts'
import { openDatabase } from '#platform/postgres/postgres.ts'
import { packageRoot } from '#platform/self.ts'
import { sql } from '#platform/postgres/sql.ts'
import { countTests, listTests } from '#views/report.ts'

const logs = { info: () => undefined, warn: () => undefined, error: () => undefined }

/**
 * A file of that many tests, one in a thousand of which fails; `padding` characters of output each.
 */
async function writeJUnit(file: string, tests: number, padding: number): Promise<void> {
  const out = createWriteStream(file)
  const output = padding === 0 ? '' : `<system-out>${'x'.repeat(padding)}</system-out>`
  out.write('<testsuites><testsuite name="all">')
  for (let i = 0; i < tests; i += 1) {
    const body = i % 1000 === 0 ? `<failure message="boom">at ${i}</failure>` : ''
    if (
      !out.write(
        `<testcase classname="c${i % 100}" name="test ${i}" time="0.01">${body}${output}</testcase>\n`,
      )
    )
      await once(out, 'drain')
  }
  out.end('</testsuite></testsuites>')
  await once(out, 'close')
}

/**
 * Reads large reports into a real database, beside the time that Python's own parser takes for the
 * same file.
 */
export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-bench-'))
  const postgres = await startPostgres({ folder: join(folder, 'postgres'), log: logs })
  const db = await openDatabase({ connection: postgres.connection, size: 4 })
  try {
    await migrate(db, join(packageRoot, 'migrations'))
    await db.query(sql`insert into app (name, repository, branch) values ('a', '{}', 'main')`)
    await db.query(
      sql`insert into change (app, sha, branch, subject, author, committed, chain) values ('a', 's', 'main', 'x', '{}', now(), 'c')`,
    )
    const cases: [string, number, number][] = [
      ['100,000 tests', 100_000, 0],
      ['100 MB, 100,000 tests with their output', 100_000, 950],
    ]
    for (const [i, [name, tests, padding]] of cases.entries()) {
      const id = i + 1
      await db.query(sql`insert into pipeline_run (id, app, sha) values (${id}, 'a', 's')`)
      await db.query(
        sql`insert into step (run, name, position, command, needs, attempt) values (${id}, 'test', 0, 'x', '[]', 1)`,
      )
      const place = join(folder, String(id))
      mkdirSync(place)
      const file = join(place, 'report.xml')
      await writeJUnit(file, tests, padding)
      const before = process.memoryUsage().rss
      let peak = before
      const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 20)
      const request = {
        patterns: ['*.xml'],
        folder: place,
        workspace: place,
        since: 0,
        quarantined: new Set<string>(),
        masks: [],
      }
      const took = await timed(() =>
        readReports(request, {
          db,
          attempt: { app: 'a', run: id, step: 'test', attempt: 1 },
          listFiles: async () => [],
        }),
      )
      const counted = await timed(() => readReports(request, null))
      clearInterval(watch)
      const script = `import time, xml.etree.ElementTree as e
t = time.time()
for _, one in e.iterparse(${JSON.stringify(file)}): one.clear()
print(time.time() - t)`
      writeFileSync(join(folder, 'parse.py'), script)
      const python =
        Number(execFileSync('python3', [join(folder, 'parse.py')], { encoding: 'utf8' })) * 1000
      const size = (statSync(file).size / 1e6).toFixed(0)
      console.log(
        `${name} (${size} MB): read and kept in ${milliseconds(took)}, read alone ${milliseconds(counted)}; Python's parser (C) ${milliseconds(python)}: ${(counted / python).toFixed(2)} times; memory grew by at most ${((peak - before) / 1e6).toFixed(0)} MB`,
      )
      const page = await timed(() =>
        Promise.all([countTests(db, id), listTests(db, id, { limit: 50, offset: 0 })]),
      )
      console.log(`  the first page of its tests and the counts: ${milliseconds(page)}`)
    }
  } finally {
    await db.close()
    await postgres.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}
