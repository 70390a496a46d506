import type { Evidence } from '#contract/evidence/evidence.ts'
import { sign, statementType, type TrustedKey } from '#domains/evidence/dsse.ts'
import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { getVerdict } from '#domains/verdict/store.ts'
import { signingKey, trustedKeys } from '#domains/evidence/keys.ts'
import { missingEvidence } from '#domains/evidence/policy.ts'
import { statementProblem } from '#domains/evidence/statement.ts'
import * as predicates from '#domains/evidence/predicates.ts'
import { listEvidence, type NewEvidence, putEvidence } from '#domains/evidence/store.ts'
import { getParameters } from '#domains/pipeline/store.ts'
import { getRun } from '#views/run.ts'
import { getChange } from '#domains/source/store.ts'
import { getSummary } from '#domains/gate/store.ts'
import type { StepContext, WorkflowContext } from '#engine/workflow.ts'
import { attach } from '#platform/oci/attach.ts'
import { version } from '#platform/self.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { listFindings, listMaterials, listTests } from '#views/report.ts'

export interface EvidenceRequest {
  run: number
  app: string
  sha: string
  artifact: string
  definition: PipelineFile
}

/** Limit of failed tests that a statement lists. */
const testsNamed = 500

interface Piece {
  kind: Evidence['kind']
  environment: string | null
  result: string
  predicate: Record<string, unknown>
}

/** Signs the evidence about an artifact after its run and attaches it to the artifact. */
export function signEvidence(
  ctx: WorkflowContext,
  deps: Dependencies,
  request: EvidenceRequest,
): Promise<number> {
  return ctx.step('evidence', async (step) => {
    const pieces = await piecesOf(deps, request)
    await keep(deps, step, request, pieces)
    return pieces.length
  })
}

/** Signs the verdict on a canary. */
export function signVerdict(
  ctx: WorkflowContext,
  deps: Dependencies,
  request: EvidenceRequest & { environment: string; deployment: number },
): Promise<number> {
  const { environment, deployment } = request
  return ctx.step(`${environment}.evidence`, async (step) => {
    const verdict = await getVerdict(deps.db, deployment)
    if (!verdict?.decided) return 0
    const { state, started, ended, settings, decided } = verdict
    const predicate = {
      deployment,
      environment,
      state,
      started,
      ended,
      settings,
      judgement: decided,
    }
    await keep(deps, step, request, [{ kind: 'verdict', environment, result: state, predicate }])
    return 1
  })
}

async function keep(
  deps: Dependencies,
  step: StepContext,
  request: EvidenceRequest,
  pieces: Piece[],
): Promise<void> {
  const key = await signingKey(deps.db, deps.secrets)
  const signed = pieces.map((piece) => ({ ...piece, ...signOne(key, request, piece) }))
  const manifests = await attach({
    layout: deps.home.artifacts,
    subject: request.artifact,
    documents: signed.map(({ predicateType, envelope }) => ({
      artifactType: statementType,
      mediaType: 'application/vnd.dsse.envelope.v1+json',
      content: envelope,
      annotations: { 'in-toto.io/predicate-type': predicateType },
    })),
  })
  for (const [index, { predicate: _predicate, ...one }] of signed.entries()) {
    const row: NewEvidence = {
      ...one,
      run: request.run,
      app: request.app,
      artifact: request.artifact,
      manifest: manifests[index] ?? '',
    }
    step.write(putEvidence(row))
  }
  step.emit({
    type: 'dev.cdeventsx.fairlead-evidence.signed',
    subject: `artifact/${request.artifact}`,
    app: request.app,
    data: { run: request.run, key: key.id, kinds: pieces.map(({ kind }) => kind) },
  })
}

function signOne(key: TrustedKey, { app, artifact }: EvidenceRequest, { kind, predicate }: Piece) {
  const predicateType = predicates.predicateTypes[kind]
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: app, digest: { sha256: artifact.slice('sha256:'.length) } }],
    predicateType,
    predicate,
  }
  return {
    predicateType,
    envelope: sign(statementType, Buffer.from(JSON.stringify(statement)), key),
  }
}

async function piecesOf(deps: Dependencies, request: EvidenceRequest): Promise<Piece[]> {
  const { db } = deps
  const { run } = request
  const summary = await getSummary(db, run)
  const materials = await listMaterials(db, run)
  const pieces: Piece[] = [
    {
      kind: 'provenance',
      environment: null,
      result: 'passed',
      predicate: await provenanceOf(deps, request),
    },
  ]
  const add = (kind: Evidence['kind'], result: string, predicate: Record<string, unknown>): void =>
    void pieces.push({ kind, environment: null, result, predicate })
  const { tests, coverage, findings } = summary?.numbers ?? {
    tests: null,
    coverage: null,
    findings: null,
  }
  // Without a test that ran, nothing was shown to work.
  if (tests && tests.total > tests.skipped) {
    const failed = await listTests(db, run, { limit: testsNamed, offset: 0 })
    const bad = failed.filter(({ outcome }) => outcome === 'failed' || outcome === 'errored')
    const predicate = predicates.testResult(tests, bad, request.sha)
    add('tests', String(predicate['result']).toLowerCase(), predicate)
  }
  if (coverage) add('coverage', 'passed', { ...coverage })
  if (findings)
    add(
      'findings',
      findings.error > 0 ? 'errors' : 'passed',
      predicates.findingsPredicate(findings, (await listFindings(db, run, null)) ?? []),
    )
  const [bill] = materials
  if (bill)
    add(
      'sbom',
      'passed',
      materials.length === 1
        ? bill.document
        : predicates.mergedBills(materials.map(({ document }) => document)),
    )
  if (summary && summary.gates.length > 0)
    add('gates', predicates.resultOfGates(summary.gates), predicates.gatesPredicate(summary.gates))
  return pieces
}

async function provenanceOf(
  deps: Dependencies,
  request: EvidenceRequest,
): Promise<Record<string, unknown>> {
  const [run, parameters, change] = await Promise.all([
    getRun(deps.db, request.run),
    getParameters(deps.db, request.run),
    getChange(deps.db, request.app, request.sha),
  ])
  return predicates.provenance({
    ...{ builder: deps.publicUrl, version, app: request.app, run: request.run, sha: request.sha },
    repository: `${deps.publicUrl}/git/${request.app}.git`,
    branch: change?.branch ?? 'main',
    parameters,
    steps: Object.entries(request.definition.steps).map(([name, { run: command }]) => ({
      name,
      command,
    })),
    started: run?.started ?? null,
    finished: new Date(deps.clock.now()).toISOString(),
  })
}

/**
 * Returns one sentence with the evidence that the environment requires and this release lacks; null
 * when the release has all of it.
 */
export async function missingEvidenceSentence(
  deps: Dependencies,
  request: EvidenceRequest & { environment: string },
): Promise<string | null> {
  const wanted = request.definition.environments[request.environment]?.evidence ?? []
  if (wanted.length === 0) return null
  const keys = await trustedKeys(deps.db)
  const found = (await listEvidence(deps.db, request.app, request.artifact)).filter(
    ({ run }) => run === request.run,
  )
  const missing = missingEvidence(
    wanted,
    found.map((one) => ({
      ...one,
      problem: statementProblem(one, request.artifact, keys),
    })),
  )
  return missing.length === 0
    ? null
    : `the release lacks evidence that the environment requires: ${missing.join(', ')}`
}
