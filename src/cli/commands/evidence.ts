import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
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
    .option('--envelope', 'print the signed DSSE envelopes, one JSON document per line')
    .description('show the statements about an artifact')
    .addHelpText(
      'after',
      '\nExamples:\n  $ fairlead evidence show 12\n  $ fairlead evidence show sha256:… --kind provenance --envelope > provenance.json',
    )
    .action((digest: string, options: { kind?: string; envelope?: boolean }) =>
      show(context, digest, options),
    )
  group
    .command('verify')
    .argument('<digest>', 'digest of the artifact, or the number of a run that built it')
    .option('--key <file>', 'a trusted public key in PEM; default: the keys that the server lists')
    .description('verify signatures and subjects on this machine; exits with 1 when one is invalid')
    .addHelpText('after', '\nExamples:\n  $ fairlead evidence verify 12 --key fairlead.pub')
    .action((digest: string, options: { key?: string }) => verifyAll(context, digest, options))
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
}

interface Found {
  digest: string
  evidence: Evidence[]
}

async function find(context: Context, text: string): Promise<Found> {
  const { client } = await context.connect()
  const isRun = /^#?[1-9]\d{0,14}$/.test(text)
  const id = Number(text.replace('#', ''))
  const digest = isRun ? (await client.getRun({ params: { run: id } })).artifact : text
  if (digest === null) throw new FairleadError('not_found', { kind: 'artifact of run', id })
  const { evidence } = await client.listEvidence({ params: { digest } })
  return { digest, evidence: isRun ? evidence.filter(({ run }) => run === id) : evidence }
}

const nameOf = ({ kind, environment }: Evidence): string =>
  environment === null ? kind : `${kind}.${environment}`

async function show(
  context: Context,
  text: string,
  options: { kind?: string; envelope?: boolean },
): Promise<void> {
  const { digest, evidence } = await find(context, text)
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

async function verifyAll(context: Context, text: string, options: { key?: string }): Promise<void> {
  const { digest, evidence } = await find(context, text)
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
  if (file !== undefined) return [{ id: file, pem: readKey(file) }]
  const { client } = await context.connect()
  return (await client.listKeys({})).keys.map(({ id, publicKey: pem }) => ({ id, pem }))
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
