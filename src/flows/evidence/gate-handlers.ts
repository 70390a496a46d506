import { listMachineRuns, type StoredMachineRun, toMachineRun } from '#domains/machine/store.ts'
import type { ChangedFile, ChangeReport } from '#contract/change/change.ts'
import type { DiffFile } from '#contract/change/diff.ts'
import { FairleadError } from '#contract/errors.ts'
import type { Caller, SomeHandlers } from '#contract/handler.ts'
import type { Run } from '#contract/run/run.ts'
import { listEvidence } from '#domains/evidence/store.ts'
import * as store from '#domains/gate/store.ts'
import { getRun } from '#views/run.ts'
import { appendEvent } from '#engine/events.ts'
import { type ComparedRunFacts, gatherRunFacts, type FactSources } from './run-facts.ts'
import { diff } from '#platform/git/diff.ts'
import { listCommits } from '#platform/git/log.ts'
import { listTests } from '#views/report.ts'
import { listSummaries } from '#views/summary.ts'

type GateEndpoints =
  | 'getChange'
  | 'getChangedFile'
  | 'listTrends'
  | 'listWaivers'
  | 'createWaiver'
  | 'deleteWaiver'

/** Lines of context around a change. */
const context = 3
/** Limits on the lines of a diff in a response: of one file, and of all. */
const linesOfFile = 2000
const linesAtMost = 6000
/** The limit on the lines of a diff that is requested alone. */
const linesAlone = 50_000
const shown = 100
const day = 86_400_000

export function gateHandlers(sources: FactSources): SomeHandlers<GateEndpoints> {
  const { db } = sources
  return {
    getChange: async ({ params }) => {
      const run = await getRun(db, params.run)
      if (!run) throw new FairleadError('not_found', { kind: 'run', id: params.run })
      return changeOf(sources, run)
    },
    getChangedFile: async ({ params, query }) => {
      const run = await getRun(db, params.run)
      if (!run) throw new FairleadError('not_found', { kind: 'run', id: params.run })
      return changedFileOf(sources, run, query.path)
    },
    listTrends: async ({ params, query }) => {
      return { runs: await listSummaries(db, params.app, query.limit) }
    },
    listWaivers: async ({ params }) => ({ waivers: await store.listWaivers(db, params.app) }),
    createWaiver: async ({ params: { app }, body }, caller) => {
      const id = await store.nextWaiverId(db)
      const { kind, subject, reason } = body
      const until = new Date(Date.now() + body.days * day).toISOString()
      await db.batch([
        store.insertWaiver({ id, app, kind, subject, reason, until, author: caller.name }),
        appendEvent({
          ...about(app, id, caller),
          type: 'dev.cdeventsx.fairlead-waiver.created',
          data: { kind, subject, reason, until },
        }),
      ])
      return mustGet(sources, app, id)
    },
    deleteWaiver: async ({ params: { app, waiver } }, caller) => {
      const found = await mustGet(sources, app, waiver)
      if (!found.isActive) return found
      await db.batch([
        store.endWaiver(waiver),
        appendEvent({
          ...about(app, waiver, caller),
          type: 'dev.cdeventsx.fairlead-waiver.ended',
          data: { kind: found.kind, subject: found.subject },
        }),
      ])
      return mustGet(sources, app, waiver)
    },
  }
}

const about = (app: string, id: number, caller: Caller) => ({
  ...{ app, actor: caller, subject: `waiver/${id}`, chain: `waiver/${id}` },
})

async function mustGet({ db }: FactSources, app: string, id: number) {
  const waiver = await store.getWaiver(db, app, id)
  if (!waiver) throw new FairleadError('not_found', { kind: 'waiver', id })
  return waiver
}

async function changeOf(sources: FactSources, run: Run): Promise<ChangeReport> {
  const { db } = sources
  const facts = await gatherRunFacts(sources, run)
  const bare = sources.source.bareOf(run.app)
  const [summary, commits, files, tests, evidence, plans] = await Promise.all([
    store.getSummary(db, run.id),
    listCommits(bare, run.change.base, run.change.sha, shown),
    diff(bare, facts.base.sha ?? run.change.base, run.change.sha, { context }),
    listTests(db, run.id, { limit: shown, offset: 0 }),
    run.artifact === null ? [] : listEvidence(db, run.app, run.artifact),
    listMachineRuns(db, { app: run.app, sha: run.change.sha, mode: 'plan', limit: shown }),
  ])
  const touched = new Set(files?.map(({ path }) => path))
  return {
    numbers: { ...facts.numbers, base: facts.base },
    before: facts.last?.numbers ?? null,
    gates: summary?.gates ?? [],
    commits,
    files: files && withKnowledge(files, facts),
    tests,
    findings: (facts.findings ?? [])
      .filter(({ file }) => file === null || !touched.has(file))
      .slice(0, shown),
    measurements: facts.measurements ?? [],
    evidence: evidence
      .filter((one) => one.run === run.id)
      .map(({ envelope: _envelope, ...one }) => one),
    machines: newestOfEach(plans),
  }
}

/** The newest plan of each environment. */
function newestOfEach(plans: StoredMachineRun[]): ChangeReport['machines'] {
  const newest = new Map(plans.toReversed().map((plan) => [plan.environment, toMachineRun(plan)]))
  return [...newest.values()].toSorted((a, b) => a.id - b.id)
}

/** One file of a diff with all its lines, for a file whose lines are left out of the report. */
async function changedFileOf(sources: FactSources, run: Run, path: string): Promise<ChangedFile> {
  const facts = await gatherRunFacts(sources, run)
  const bare = sources.source.bareOf(run.app)
  const files = await diff(bare, facts.base.sha ?? run.change.base, run.change.sha, { context })
  const found = files?.find((file) => file.path === path)
  if (!found) throw new FairleadError('not_found', { kind: 'changed file', id: path })
  if (linesOf(found) > linesAlone)
    throw new FairleadError('too_large', {
      what: `The diff of ${path}`,
      limit: `${linesAlone.toLocaleString('en-US')} lines`,
    })
  return withFacts(found, facts, false)
}

const linesOf = ({ hunks }: DiffFile): number =>
  hunks.reduce((sum, { lines }) => sum + lines.length, 0)

function withKnowledge(files: DiffFile[], facts: ComparedRunFacts): ChangedFile[] {
  let left = linesAtMost
  return files.map((file) => {
    const lines = linesOf(file)
    const isCut = lines > Math.min(left, linesOfFile)
    if (!isCut) left -= lines
    return withFacts(file, facts, isCut)
  })
}

function withFacts(file: DiffFile, facts: ComparedRunFacts, isCut: boolean): ChangedFile {
  const isHere = (one: { file: string | null }): boolean => one.file === file.path
  const changed = facts.coverage?.find(isHere)?.changed
  return {
    ...file,
    isCut,
    hunks: isCut ? [] : file.hunks,
    coverage: changed ? { reached: changed.reached, missed: changed.missed } : null,
    findings: facts.findings?.filter(isHere).slice(0, shown) ?? [],
    functions: facts.code?.functions.filter((one) => isHere(one) && one.isChanged) ?? [],
    duplicates: facts.code?.duplicates.filter(isHere) ?? [],
  }
}
