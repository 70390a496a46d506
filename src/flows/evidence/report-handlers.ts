import type { SomeHandlers } from '#contract/handler.ts'
import type { Run } from '#contract/run/run.ts'
import { FairleadError } from '#contract/errors.ts'
import { getCode } from '#domains/gate/store.ts'
import { getRun } from '#views/run.ts'
import { baseOf, coverageOfRun, gatherRunFacts, type FactSources } from './run-facts.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { listFindings, listMeasurements, listTests } from '#views/report.ts'

type ReportEndpoints =
  | 'getReport'
  | 'listTests'
  | 'listCoverage'
  | 'listFindings'
  | 'listMeasurements'
  | 'getCode'

export function reportHandlers(sources: FactSources): SomeHandlers<ReportEndpoints> {
  const { db } = sources
  return {
    getReport: async ({ params }) => {
      const { numbers, base } = await gatherRunFacts(sources, await mustGet(db, params.run))
      return { ...numbers, base }
    },
    listTests: async ({ params, query }) => {
      const run = await mustGet(db, params.run)
      const tests = await listTests(db, run.id, query)
      return { tests, next: tests.length === query.limit ? query.offset + query.limit : null }
    },
    listCoverage: async ({ params }) => {
      const run = await mustGet(db, params.run)
      return { files: (await coverageOfRun(sources, run, await baseOf(db, run)))?.files ?? [] }
    },
    listFindings: async ({ params }) => {
      const run = await mustGet(db, params.run)
      return { findings: (await listFindings(db, run.id, (await baseOf(db, run)).run)) ?? [] }
    },
    listMeasurements: async ({ params }) => {
      const run = await mustGet(db, params.run)
      return {
        measurements: (await listMeasurements(db, run.id, (await baseOf(db, run)).run)) ?? [],
      }
    },
    getCode: async ({ params }) => {
      const { report, problem } = await getCode(db, (await mustGet(db, params.run)).id)
      return { code: report, problem }
    },
  }
}

async function mustGet(db: Database, id: number): Promise<Run> {
  const run = await getRun(db, id)
  if (!run) throw new FairleadError('not_found', { kind: 'run', id })
  return run
}
