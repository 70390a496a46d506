import { z } from 'zod'
import { envelope } from './dsse.ts'

export const evidenceKinds = [
  'provenance',
  'tests',
  'coverage',
  'findings',
  'sbom',
  'gates',
  'verdict',
] as const

/**
 * What an environment may ask for: a kind, and for verdicts the environment that they are of
 * (`verdict.staging`).
 */
export const evidenceName = z
  .string()
  .regex(
    /^(provenance|tests|coverage|findings|sbom|gates|verdict\.[a-z0-9-]{1,40})$/,
    'must be provenance, tests, coverage, findings, sbom, gates, or verdict.ENVIRONMENT',
  )

/** An in-toto statement (https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md). */
export const statement = z.object({
  _type: z.literal('https://in-toto.io/Statement/v1'),
  subject: z
    .array(z.object({ name: z.string().optional(), digest: z.record(z.string(), z.string()) }))
    .min(1),
  predicateType: z.string(),
  predicate: z.unknown(),
})

/** A signed statement about an artifact. */
export const evidence = z.object({
  kind: z.enum(evidenceKinds),
  /** of a verdict; null for the others */
  environment: z.string().nullable(),
  run: z.number().int(),
  predicateType: z.string(),
  /** what it says in one word: passed, failed; of a verdict what it was */
  result: z.string(),
  /** of the manifest in the artifacts' OCI layout whose subject is the artifact */
  manifest: z.string(),
  created: z.string(),
  envelope,
})
export type Evidence = z.infer<typeof evidence>

/** A key of this installation. `retired` ones sign nothing more, and what they signed stays. */
export const signingKey = z.object({
  /** SHA-256 of the SubjectPublicKeyInfo */
  id: z.string(),
  /** PEM */
  publicKey: z.string(),
  created: z.string(),
  retired: z.string().nullable(),
})
export type SigningKey = z.infer<typeof signingKey>

export const digest = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/, 'must be a digest such as sha256:… with 64 hexadecimal digits')
