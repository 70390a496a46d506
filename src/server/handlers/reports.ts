import type { SomeHandlers } from '#contract/handler.ts'
import type { FileCoverage, ReportSummary } from '#contract/report.ts'
import type { Run } from '#contract/run.ts'
import { FairleadError } from '#contract/errors.ts'
import { getRun } from '#domains/pipeline/store.ts'
import { coverageOf, sumOf } from '#domains/report/coverage.ts'
import * as store from '#domains/report/store.ts'
import type { Database } from '#platform/postgres.ts'

/** Which lines a change added or altered, by file; null when that cannot be said. */
export interface Diffs {
  changedLines(app: string, base: string, sha: string): Promise<Map<string, Set<number>> | null>
}

type ReportEndpoints = 'getReport' | 'listTests' | 'listCoverage' | 'listFindings'

export function reportHandlers(db: Database, diffs: Diffs): SomeHandlers<ReportEndpoints> {
  const coverage = async ({ id, app, change }: Run): Promise<FileCoverage[] | null> => {
    const files = await store.listCoverage(db, id)
    if (!files) return null
    const changed = change.base === null ? null : await diffs.changedLines(app, change.base, change.sha)
    return coverageOf(files, changed)
  }
  return {
    getReport: async ({ params }) => {
      const run = await mustGet(db, params.run)
      const [tests, files, findings] = await Promise.all([
        store.countTests(db, run.id),
        coverage(run),
        store.listFindings(db, run.id),
      ])
      const count = (level: string): number => findings?.filter((one) => one.level === level).length ?? 0
      const summary: ReportSummary = {
        tests,
        coverage: files && sumOf(files),
        findings: findings && { error: count('error'), warning: count('warning'), note: count('note') },
      }
      return summary
    },
    listTests: async ({ params, query }) => {
      const run = await mustGet(db, params.run)
      const tests = await store.listTests(db, run.id, query)
      return { tests, next: tests.length === query.limit ? query.offset + query.limit : null }
    },
    listCoverage: async ({ params }) => ({ files: (await coverage(await mustGet(db, params.run))) ?? [] }),
    listFindings: async ({ params }) => ({
      findings: (await store.listFindings(db, (await mustGet(db, params.run)).id)) ?? [],
    }),
  }
}

async function mustGet(db: Database, id: number): Promise<Run> {
  const run = await getRun(db, id)
  if (!run) throw new FairleadError('not_found', { kind: 'run', id })
  return run
}
