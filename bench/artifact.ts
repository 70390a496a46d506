import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pack } from '#platform/oci/oci.ts'
import { releaseOf, settle, startHost, type TestHost } from '../test/support/host.ts'
import { generator } from '../test/support/generator.ts'
import { median, timed } from './measure.ts'

const files = Number(process.env['BENCH_FILES'] ?? 50_000)
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 3)
const environments = ['dev', 'staging', 'production']

/**
 * An artifact of many small files, as node_modules has them, into three environments of one
 * machine, against one `cp -r` of the same folder. Both take turns.
 */
export async function run(): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'fairlead-artifact-'))
  const host = await startHost()
  const results: Times[] = []
  try {
    const bytes = makeFiles(join(root, 'from'))
    for (let round = 1; round <= rounds; round += 1) results.push(await measure(host, root, round))
    console.log(`an artifact of ${files} files, ${(bytes / 1e6).toFixed(0)} MB, ${rounds} rounds`)
    report('cp -r, once', results, (times) => times.copy)
    report('packed, once', results, (times) => times.pack)
    report(`unpacked into ${environments.length} environments`, results, (times) => times.unpack)
  } finally {
    await host.close()
    rmSync(root, { recursive: true, force: true })
  }
}

interface Times {
  copy: number
  pack: number
  unpack: number
}

/** Prints seconds, and the ratio to the copy of the same round. */
function report(name: string, results: Times[], valueOf: (times: Times) => number): void {
  const seconds = results.map((times) => valueOf(times) / 1000)
  const ratios = results.map((times) => valueOf(times) / times.copy)
  console.log(`  ${name.padEnd(32)} ${range(seconds, 1)} s   ratio ${range(ratios, 2)}`)
}

const range = (values: number[], digits: number): string => {
  const [middle, least, most] = [median(values), Math.min(...values), Math.max(...values)]
  return `${middle.toFixed(digits)} (${least.toFixed(digits)}–${most.toFixed(digits)})`
}

async function measure(host: TestHost, root: string, round: number): Promise<Times> {
  const from = join(root, 'from')
  const to = join(root, 'copy')
  writeFileSync(join(from, 'round'), String(round)) // Another artifact in each round.
  const copy = await timed(async () => execFileSync('cp', ['-r', from, to]))
  rmSync(to, { recursive: true })
  const request = { layout: host.home.artifacts, folder: from, exclude: [], annotations: {} }
  let artifact = ''
  const packing = await timed(async () => {
    artifact = (await pack({ ...request, include: ['.'] })).digest
  })
  const unpacking = await timed(async () => {
    for (const environment of environments) await start(host, artifact, environment, round)
  })
  for (const environment of environments) await host.client.removeEnvironment('shop', environment)
  return { copy, pack: packing, unpack: unpacking }
}

/** A release without services is ready once its artifact is unpacked. */
async function start(
  host: TestHost,
  artifact: string,
  environment: string,
  round: number,
): Promise<void> {
  const route = { port: null, host: `shop.${environment}.localhost` }
  const spec = releaseOf(host, round, artifact, [], { environment, route })
  const { state, reason } = await settle(host, spec)
  if (state !== 'ready') throw new Error(`the release in ${environment} is ${state}: ${reason}`)
}

/** Files of 0.2 to 8 KB that compress as text does, 20 in a folder. */
function makeFiles(folder: string): number {
  const random = generator(1)
  let bytes = 0
  for (let i = 0; i < files; i += 1) {
    const parent = join(folder, `module${Math.floor(i / 1000)}`, `part${Math.floor(i / 20)}`)
    const words = Array.from({ length: 20 }, () => random().toString(36).slice(2))
    const text = `// ${i}\n${words.join(' ').repeat(1 + Math.floor(random() * 30))}\n`
    mkdirSync(parent, { recursive: true })
    writeFileSync(join(parent, `${i}.js`), text)
    bytes += text.length
  }
  return bytes
}
