import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { publicKey, statementType, type TrustedKey, verify } from '#contract/evidence/dsse.ts'
import { type Evidence, statement } from '#contract/evidence/evidence.ts'
import { FairleadError } from '#contract/errors.ts'
import { ago, createPaint, state, table } from '../format.ts'
import type { Register } from '../register.ts'
import { type Context, exitCodes } from '../context.ts'

export const register: Register = (program, context) => {
  const group: Command = program.command('evidence').description('what was signed about artifacts')
  group
    .command('show')
    .argument('<digest>', 'of the artifact, or the number of a run that built it')
    .option(
      '--kind <kind>',
      'only this: provenance, tests, coverage, findings, sbom, gates, verdict',
    )
    .option('--envelope', 'the DSSE envelopes as they were signed, one JSON document a line')
    .description('the statements about an artifact')
    .addHelpText(
      'after',
      '\nExamples:\n  $ fairlead evidence show 12\n  $ fairlead evidence show sha256:… --kind provenance --envelope > provenance.json',
    )
    .action((digest: string, options: { kind?: string; envelope?: boolean }) =>
      show(context, digest, options),
    )
  group
    .command('verify')
    .argument('<digest>', 'of the artifact, or the number of a run that built it')
    .option(
      '--key <file>',
      'a public key in PEM that you trust; default: those that the server names',
    )
    .description(
      'check the signatures on this machine, and that each statement is about this artifact; exits 1 when one is not',
    )
    .addHelpText('after', '\nExamples:\n  $ fairlead evidence verify 12 --key fairlead.pub')
    .action((digest: string, options: { key?: string }) => verifyAll(context, digest, options))
  group
    .command('key')
    .option('--rotate', 'sign with a new key from now on; what older ones signed stays valid')
    .description('the public key that signs now')
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
    statement: contentOf(envelope.payload),
  }))
  context.answer({ digest, evidence: decoded }, () =>
    shown.length === 0
      ? ['Nothing is signed about this artifact']
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
            : decoded.map(({ statement: said }) => JSON.stringify(said, null, 2))),
        ],
  )
}

const contentOf = (payload: string): unknown =>
  JSON.parse(Buffer.from(payload, 'base64').toString('utf8'))

async function verifyAll(context: Context, text: string, options: { key?: string }): Promise<void> {
  const { digest, evidence } = await find(context, text)
  const keys = await keysOf(context, options.key)
  const results = evidence.map((one) => ({
    name: nameOf(one),
    run: one.run,
    problem: problemOf(one, digest, keys),
  }))
  if (results.length === 0 || results.some(({ problem }) => problem !== null))
    context.exit(exitCodes.no)
  const paint = createPaint(context.isLively())
  context.answer({ digest, results }, () =>
    results.length === 0
      ? ['Nothing is signed about this artifact']
      : [
          digest,
          ...table(
            results.map(({ name, run, problem }) => [
              problem === null ? paint.good('✔ holds') : paint.bad('✘ does not hold'),
              name,
              `run ${run}`,
              problem ?? '',
            ]),
          ),
        ],
  )
}

async function keysOf(context: Context, file: string | undefined): Promise<TrustedKey[]> {
  if (file !== undefined) return [{ id: file, key: readKey(file) }]
  const { client } = await context.connect()
  return (await client.listKeys({})).keys.map((one) => ({
    id: one.id,
    key: publicKey(one.publicKey),
  }))
}

function readKey(file: string) {
  try {
    return publicKey(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new FairleadError('invalid_input', {
      field: '--key',
      problem: `${file} cannot be used: ${(error as Error).message.replace(/\.$/, '')}`,
    })
  }
}

/** What is wrong with a statement; null when it holds. */
function problemOf(
  { envelope, predicateType }: Evidence,
  digest: string,
  keys: TrustedKey[],
): string | null {
  const verified = verify(envelope, keys)
  if (!verified.ok) return verified.problem
  if (envelope.payloadType !== statementType)
    return `it is of the type ${envelope.payloadType}, and no in-toto statement`
  const read = statement.safeParse(contentOf(envelope.payload))
  if (!read.success) return 'it is no in-toto statement'
  if (!read.data.subject.some((one) => `sha256:${one.digest['sha256']}` === digest))
    return 'it is about another artifact'
  return read.data.predicateType === predicateType
    ? null
    : `it is a ${read.data.predicateType}, not a ${predicateType}`
}
