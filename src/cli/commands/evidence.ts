import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import type { Client } from '#contract/client.ts'
import type { Evidence } from '#contract/evidence/evidence.ts'
import { FairleadError } from '#contract/errors.ts'
import { ago, createPaint, state, table } from '../format.ts'
import type { PublicKey } from '../local.ts'
import type { Register } from '../register.ts'
import { type Context, exitCodes } from '../context.ts'

export const register: Register = (program, context) => {
  const group: Command = program
    .command('evidence')
    .description('signed statements about artifacts')
  group
    .command('show')
    .argument('<digest>', 'digest of the artifact, or the number of a run that built it')
    .option(
      '--kind <kind>',
      'only this kind: provenance, tests, coverage, findings, sbom, gates, verdict',
    )
    .option('--app <app>', appOption)
    .option('--envelope', 'print the signed DSSE envelopes, one JSON document per line')
    .description('show the statements about an artifact')
    .addHelpText(
      'after',
      '\nExamples:\n  $ fairlead evidence show 12\n  $ fairlead evidence show sha256:… --kind provenance --envelope > provenance.json',
    )
    .action((digest: string, options: ShowOptions) => show(context, digest, options))
  group
    .command('verify')
    .argument('<digest>', 'digest of the artifact, or the number of a run that built it')
    .option('--key <file>', 'a trusted public key in PEM; default: the keys that the server lists')
    .option('--app <app>', appOption)
    .description('verify signatures and subjects on this machine; exits with 1 when one is invalid')
    .addHelpText('after', '\nExamples:\n  $ fairlead evidence verify 12 --key fairlead.pub')
    .action((digest: string, options: VerifyOptions) => verifyAll(context, digest, options))
  group
    .command('key')
    .option('--rotate', 'sign with a new key from now on; older signatures stay valid')
    .description('show the current public key')
    .addHelpText(
      'after',
      '\nExamples:\n  $ fairlead evidence key > fairlead.pub\n  $ fairlead evidence key --rotate',
    )
    .action(async (options: { rotate?: boolean }) => {
      const { client } = await context.connect()
      const key = options.rotate ? await client.createKey({}) : (await client.listKeys({})).keys[0]
      context.answer(key ?? null, () => [key?.publicKey.trimEnd() ?? ''])
    })
  group
    .command('keys')
    .description('list the keys that sign or signed evidence, newest first')
    .action(() => listKeys(context))
  group
    .command('revoke-key')
    .argument('<key>', 'id of the key, or its first digits')
    .requiredOption('--reason <text>', 'why, shown to everyone who verifies evidence')
    .description('revoke a key, such as a stolen one: what it signed is no longer valid')
    .action((key: string, options: { reason: string }) => revokeKey(context, key, options.reason))
}

const appOption = 'name of the app; default: every app that you can see'

interface ShowOptions {
  kind?: string
  app?: string
  envelope?: boolean
}

interface VerifyOptions {
  key?: string
  app?: string
}

async function listKeys(context: Context): Promise<void> {
  const { client } = await context.connect()
  const answer = await client.listKeys({})
  context.answer(answer, () =>
    table(
      answer.keys.map(({ id, created, retired, revoked, reason }) => [
        id.slice(0, 12),
        ago(created, context.now()),
        revoked !== null ? `revoked: ${reason}` : retired === null ? 'signs' : 'retired',
      ]),
    ),
  )
}

async function revokeKey(context: Context, start: string, reason: string): Promise<void> {
  const { client } = await context.connect()
  const { keys } = await client.listKeys({})
  const found = keys.filter(({ id }) => id.startsWith(start))
  const [only] = found
  if (!only || found.length > 1)
    throw new FairleadError('not_found', { kind: 'single signing key', id: start })
  const key = await client.revokeKey({ params: { key: only.id }, body: { reason } })
  context.answer(key, () => [
    `The key ${key.id.slice(0, 12)} is revoked; deliver again what needs valid evidence`,
  ])
}

interface Found {
  digest: string
  evidence: Evidence[]
}

async function find(context: Context, text: string, { app }: { app?: string }): Promise<Found> {
  const { client } = await context.connect()
  const isRun = /^#?[1-9]\d{0,14}$/.test(text)
  const id = Number(text.replace('#', ''))
  if (!isRun) return { digest: text, evidence: await ofApps(client, text, app) }
  const run = await client.getRun({ params: { run: id } })
  const digest = run.artifact
  if (digest === null) throw new FairleadError('not_found', { kind: 'artifact of run', id })
  const { evidence } = await client.listEvidence({ params: { app: run.app, digest } })
  return { digest, evidence: evidence.filter((one) => one.run === id) }
}

/** The evidence of one app, or of every app that built the artifact. */
async function ofApps(client: Client, digest: string, app?: string): Promise<Evidence[]> {
  if (app !== undefined) return (await client.listEvidence({ params: { app, digest } })).evidence
  const { apps } = await client.listApps({})
  const all = await Promise.all(
    apps.map(({ name }) =>
      client.listEvidence({ params: { app: name, digest } }).catch((error: unknown) => {
        if (error instanceof FairleadError && error.code === 'not_found') return { evidence: [] }
        throw error
      }),
    ),
  )
  return all.flatMap(({ evidence }) => evidence)
}

const nameOf = ({ kind, environment }: Evidence): string =>
  environment === null ? kind : `${kind}.${environment}`

async function show(context: Context, text: string, options: ShowOptions): Promise<void> {
  const { digest, evidence } = await find(context, text, options)
  const shown = evidence.filter(
    (one) =>
      options.kind === undefined || one.kind === options.kind || nameOf(one) === options.kind,
  )
  if (options.envelope)
    return shown.forEach(({ envelope }) => context.print(JSON.stringify(envelope)))
  const paint = createPaint(context.isLively())
  const decoded = shown.map(({ envelope, ...one }) => ({
    ...one,
    statement: payloadOf(envelope.payload),
  }))
  context.answer({ digest, evidence: decoded }, () =>
    shown.length === 0
      ? ['There is no evidence about this artifact']
      : [
          digest,
          ...table(
            shown.map((one) => [
              nameOf(one),
              state(one.result, paint),
              `run ${one.run}`,
              ago(one.created, context.now()),
              one.predicateType,
            ]),
          ),
          ...(options.kind === undefined
            ? []
            : decoded.map(({ statement }) => JSON.stringify(statement, null, 2))),
        ],
  )
}

const payloadOf = (payload: string): unknown =>
  JSON.parse(Buffer.from(payload, 'base64').toString('utf8'))

async function verifyAll(context: Context, text: string, options: VerifyOptions): Promise<void> {
  const { digest, evidence } = await find(context, text, options)
  const keys = await keysOf(context, options.key)
  const problems = await context.local.verifyEvidence(evidence, digest, keys)
  const results = evidence.map((one, index) => ({
    name: nameOf(one),
    run: one.run,
    problem: problems[index] ?? null,
  }))
  if (results.length === 0 || results.some(({ problem }) => problem !== null))
    context.exit(exitCodes.no)
  const paint = createPaint(context.isLively())
  context.answer({ digest, results }, () =>
    results.length === 0
      ? ['There is no evidence about this artifact']
      : [
          digest,
          ...table(
            results.map(({ name, run, problem }) => [
              problem === null ? paint.good('✔ valid') : paint.bad('✘ invalid'),
              name,
              `run ${run}`,
              problem ?? '',
            ]),
          ),
        ],
  )
}

async function keysOf(context: Context, file: string | undefined): Promise<PublicKey[]> {
  const { client } = await context.connect()
  const keys = (await client.listKeys({})).keys.map(
    ({ id, publicKey: pem, revoked, reason }): PublicKey => ({
      ...{ id, pem },
      revoked: revoked === null ? null : { at: revoked, reason: reason ?? '' },
    }),
  )
  if (file === undefined) return keys
  const pem = readKey(file)
  // The file cannot say that the key was revoked since; the server can.
  const known = keys.find((one) => one.pem.trim() === pem.trim())
  return [{ id: known?.id ?? file, pem, revoked: known?.revoked ?? null }]
}

function readKey(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new FairleadError('invalid_input', {
      field: '--key',
      problem: `${file} cannot be read: ${(error as Error).message}`,
    })
  }
}
