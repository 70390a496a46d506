import { decideCheck } from '#domains/forge/check.ts'
import type { Check, CommitStatus } from '#domains/forge/client.ts'
import { getSummary } from '#domains/gate/store.ts'
import { getRun } from '#views/run.ts'
import { gatherRunFacts, type FactSources } from '#flows/evidence/run-facts.ts'
import { listTests } from '#views/report.ts'

/** The check of a run: its status and, once it has ended, gates, numbers and annotations. */
export async function checkOf(
  sources: FactSources,
  runId: number,
  status: CommitStatus,
): Promise<Check> {
  const key = `run/${runId}`
  const run = status.state === 'pending' ? null : await getRun(sources.db, runId)
  if (!run) return decideCheck(status, key, null)
  const facts = await gatherRunFacts(sources, run)
  const [summary, tests] = await Promise.all([
    getSummary(sources.db, runId),
    listTests(sources.db, runId, { limit: 100, offset: 0 }),
  ])
  const { numbers, findings, coverage } = facts
  return decideCheck(status, key, {
    gates: summary?.gates ?? [],
    numbers,
    tests,
    findings,
    coverage,
  })
}
