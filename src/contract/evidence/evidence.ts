import { z } from 'zod'

const signature = z.object({ keyid: z.string().optional(), sig: z.string() })

/**
 * An envelope of DSSE v1 (https://github.com/secure-systems-lab/dsse): a payload, its type, and
 * signatures over both.
 */
export const envelope = z.object({
  payloadType: z.string(),
  payload: z.string(),
  signatures: z.array(signature).min(1),
})
export type Envelope = z.infer<typeof envelope>

export const evidenceKinds = [
  'provenance',
  'tests',
  'coverage',
  'findings',
  'sbom',
  'gates',
  'verdict',
] as const

/** Evidence that an environment can require: a kind, or `verdict.ENVIRONMENT`. */
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
  /** The environment of a verdict; null for other kinds. */
  environment: z.string().nullable(),
  run: z.number().int(),
  predicateType: z.string(),
  /** The result in one word, such as passed, failed or promoted. */
  result: z.string(),
  /** Digest of the OCI manifest that attaches the statement to the artifact. */
  manifest: z.string(),
  created: z.string(),
  envelope,
})
export type Evidence = z.infer<typeof evidence>

/**
 * A key of this installation. A retired key signs nothing new; its signatures stay valid. The
 * signatures of a revoked key are not valid.
 */
export const signingKey = z.object({
  /** SHA-256 of the SubjectPublicKeyInfo. */
  id: z.string(),
  /** PEM. */
  publicKey: z.string(),
  created: z.string(),
  retired: z.string().nullable(),
  revoked: z.string().nullable(),
  /** why it was revoked */
  reason: z.string().nullable(),
})
export type SigningKey = z.infer<typeof signingKey>

export const digest = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/, 'must be a digest such as sha256:… with 64 hexadecimal digits')
