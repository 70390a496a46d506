import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { changedFile, changeReport, runNumbers, trend } from '#contract/change/change.ts'
import { codeReport } from '#contract/change/code.ts'
import { id, inApp, limit } from '#contract/params.ts'
import { endpoint } from '#contract/endpoint.ts'
import { digest, evidence, signingKey } from '#contract/evidence/evidence.ts'
import { waiver, waiverKinds } from '#contract/gate/gate.ts'
import { fileCoverage, finding, measurement, testOutcomes, testResult } from './report.ts'

const inRun = z.object({ run: id })

/** Endpoints for the facts of a change: reports, code, gates and evidence. */
export const reportEndpoints = {
  getReport: endpoint({
    method: 'GET',
    path: '/runs/{run}/report',
    role: 'viewer',
    summary: 'Show the reports of a run in numbers: tests, coverage, findings',
    params: inRun,
    output: runNumbers,
  }),
  listTests: endpoint({
    method: 'GET',
    path: '/runs/{run}/tests',
    role: 'viewer',
    summary: 'List the tests of a run: newly failing first, then failing, then the slowest',
    params: inRun,
    query: z.object({
      outcome: z.enum(testOutcomes).optional(),
      step: name.optional(),
      limit,
      offset: z.coerce.number().int().min(0).default(0),
    }),
    output: z.object({ tests: z.array(testResult), next: z.number().int().nullable() }),
  }),
  listCoverage: endpoint({
    method: 'GET',
    path: '/runs/{run}/coverage',
    role: 'viewer',
    summary:
      'List the coverage of a run by file, in total and for the lines that the change touched',
    params: inRun,
    output: z.object({ files: z.array(fileCoverage) }),
  }),
  listFindings: endpoint({
    method: 'GET',
    path: '/runs/{run}/findings',
    role: 'viewer',
    summary: 'List the findings of a run, new ones first',
    params: inRun,
    output: z.object({ findings: z.array(finding) }),
  }),
  listMeasurements: endpoint({
    method: 'GET',
    path: '/runs/{run}/measurements',
    role: 'viewer',
    summary: 'List the measurements of a run, compared with the last good release',
    params: inRun,
    output: z.object({ measurements: z.array(measurement) }),
  }),
  getCode: endpoint({
    method: 'GET',
    path: '/runs/{run}/code',
    role: 'viewer',
    summary:
      'Show the code of a run in numbers: size, duplication, and the complexity of the ' +
      'functions that the change touched',
    params: inRun,
    /** The reason why the code could not be measured, when it is known. */
    output: z.object({ code: codeReport.nullable(), problem: z.string().nullable() }),
  }),
  getChange: endpoint({
    method: 'GET',
    path: '/runs/{run}/change',
    role: 'viewer',
    summary:
      'Show the facts of a change: its diff with coverage and findings by line, tests, ' +
      'metrics, gates, evidence',
    params: inRun,
    output: changeReport,
  }),
  getChangedFile: endpoint({
    method: 'GET',
    path: '/runs/{run}/change/file',
    role: 'viewer',
    summary: 'Show the whole diff of one file, which the report of a large change leaves out',
    params: inRun,
    query: z.object({ path: z.string().min(1).max(4096) }),
    output: changedFile,
  }),
  listTrends: endpoint({
    method: 'GET',
    path: '/apps/{app}/trends',
    role: 'viewer',
    summary: 'List the numbers of the last runs of an app, oldest first',
    params: inApp,
    query: z.object({ limit }),
    output: z.object({ runs: z.array(trend) }),
  }),
  listWaivers: endpoint({
    method: 'GET',
    path: '/apps/{app}/waivers',
    role: 'viewer',
    summary: 'List waived gates and quarantined tests, active waivers first',
    params: inApp,
    output: z.object({ waivers: z.array(waiver) }),
  }),
  createWaiver: endpoint({
    method: 'POST',
    path: '/apps/{app}/waivers',
    role: 'developer',
    summary: 'Waive a gate or a test for a number of days',
    params: inApp,
    body: z.object({
      kind: z.enum(waiverKinds),
      subject: z.string().trim().min(1).max(1100),
      reason: z.string().trim().min(3).max(1000),
      days: z.number().positive().max(90).default(7),
    }),
    output: waiver,
  }),
  deleteWaiver: endpoint({
    method: 'DELETE',
    path: '/apps/{app}/waivers/{waiver}',
    role: 'developer',
    summary: 'End a waiver',
    params: inApp.extend({ waiver: id }),
    output: waiver,
  }),

  listEvidence: endpoint({
    method: 'GET',
    path: '/apps/{app}/artifacts/{digest}/evidence',
    role: 'viewer',
    summary: 'List the evidence of an app about an artifact: in-toto statements in DSSE envelopes',
    params: inApp.extend({ digest }),
    output: z.object({ evidence: z.array(evidence) }),
  }),
  listKeys: endpoint({
    method: 'GET',
    path: '/keys',
    role: 'anyone',
    summary: 'List the public keys that verify the evidence of this installation, newest first',
    output: z.object({ keys: z.array(signingKey) }),
  }),
  createKey: endpoint({
    method: 'POST',
    path: '/keys',
    role: 'admin',
    summary: 'Create a signing key; evidence that earlier keys signed stays valid',
    output: signingKey,
  }),
  revokeKey: endpoint({
    method: 'POST',
    path: '/keys/{key}/revoke',
    role: 'admin',
    summary: 'Revoke a signing key: evidence that it signed is no longer valid',
    params: z.object({ key: z.string().min(1).max(100) }),
    body: z.object({ reason: z.string().trim().min(3).max(1000) }),
    output: signingKey,
  }),
}
