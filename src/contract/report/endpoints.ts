import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { changeReport, runNumbers, trend } from '#contract/change/change.ts'
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
    summary: 'What the reports of a run’s steps say, in numbers: tests, coverage, findings',
    params: inRun,
    output: runNumbers,
  }),
  listTests: endpoint({
    method: 'GET',
    path: '/runs/{run}/tests',
    role: 'viewer',
    summary: 'The tests of a run: those that newly fail first, then failing ones, then the slowest',
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
      'Which lines the tests of a run reached, by file, and which of those that the change touched',
    params: inRun,
    output: z.object({ files: z.array(fileCoverage) }),
  }),
  listFindings: endpoint({
    method: 'GET',
    path: '/runs/{run}/findings',
    role: 'viewer',
    summary: 'What the tools of a run found, new ones first',
    params: inRun,
    output: z.object({ findings: z.array(finding) }),
  }),
  listMeasurements: endpoint({
    method: 'GET',
    path: '/runs/{run}/measurements',
    role: 'viewer',
    summary:
      'What the tests of performance of a run measured, and whether it is worse than in the last good release',
    params: inRun,
    output: z.object({ measurements: z.array(measurement) }),
  }),
  getCode: endpoint({
    method: 'GET',
    path: '/runs/{run}/code',
    role: 'viewer',
    summary:
      'What the code of a run is like: size, duplication, and the complexity of the functions that the change touched',
    params: inRun,
    output: z.object({ code: codeReport.nullable() }),
  }),
  getChange: endpoint({
    method: 'GET',
    path: '/runs/{run}/change',
    role: 'viewer',
    summary:
      'Why a change is safe, or what is wrong with it: its diff with coverage and findings on its lines, tests, metrics, gates, evidence',
    params: inRun,
    output: changeReport,
  }),
  listTrends: endpoint({
    method: 'GET',
    path: '/apps/{app}/trends',
    role: 'viewer',
    summary: 'The numbers of an app’s last runs, oldest first',
    params: inApp,
    query: z.object({ limit }),
    output: z.object({ runs: z.array(trend) }),
  }),
  listWaivers: endpoint({
    method: 'GET',
    path: '/apps/{app}/waivers',
    role: 'viewer',
    summary:
      'What stops nothing for a time: gates and quarantined tests, those that are in force first',
    params: inApp,
    output: z.object({ waivers: z.array(waiver) }),
  }),
  createWaiver: endpoint({
    method: 'POST',
    path: '/apps/{app}/waivers',
    role: 'developer',
    summary: 'Let a gate or a test stop nothing until a time',
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
    summary: 'Take a waiver back',
    params: inApp.extend({ waiver: id }),
    output: waiver,
  }),

  listEvidence: endpoint({
    method: 'GET',
    path: '/artifacts/{digest}/evidence',
    role: 'viewer',
    summary: 'What was signed about an artifact: in-toto statements in DSSE envelopes',
    params: z.object({ digest }),
    output: z.object({ app: name, evidence: z.array(evidence) }),
  }),
  listKeys: endpoint({
    method: 'GET',
    path: '/keys',
    role: 'anyone',
    summary: 'The public keys that this installation signs evidence with, newest first',
    output: z.object({ keys: z.array(signingKey) }),
  }),
  createKey: endpoint({
    method: 'POST',
    path: '/keys',
    role: 'admin',
    summary: 'Sign with a new key from now on; what the old one signed stays valid',
    output: signingKey,
  }),
}
