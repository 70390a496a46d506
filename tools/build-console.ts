// Builds the console into dist/console, with a compressed copy of each asset beside it.
import {
  chmodSync,
  mkdtempSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { build } from 'vite'
import { buildIfChanged } from './build-if-changed.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')
/** Beside the console and not in it, because the server serves every file of the console. */
const digestFile = join(dist, 'console.sha256')

/** Everything that determines the console, including the pages of the documentation in it. */
const inputs = [
  'src/{web,contract}/**/*.*',
  'docs/**/*.md',
  'package-lock.json',
  'tools/build-*.ts',
]

/** Builds the console, unless the last build was from files of the same content. */
export async function buildConsoleIfChanged(): Promise<void> {
  const result = join(dist, 'console/index.html')
  await buildIfChanged({
    root,
    inputs: { include: inputs },
    result,
    digestFile,
    build: buildConsole,
  })
  // A server builds the console again if a source is newer.
  utimesSync(result, new Date(), new Date())
}

/**
 * Builds the console beside what is there and then takes its place, so that who is served
 * meanwhile, or builds too, sees a whole one.
 */
export async function buildConsole(): Promise<void> {
  const configFile = fileURLToPath(new URL('../src/web/vite.config.ts', import.meta.url))
  mkdirSync(dist, { recursive: true })
  const draft = mkdtempSync(join(dist, 'draft-'))
  const environment = process.env['NODE_ENV']
  try {
    // Vite takes it over. In a test it is `test`, with which React is twice as large.
    process.env['NODE_ENV'] = 'production'
    await build({ configFile, logLevel: 'warn', build: { outDir: draft, emptyOutDir: true } })
    for (const name of readdirSync(draft, { recursive: true }) as string[]) {
      if (/\.(js|css|svg|html)$/.test(name)) compress(join(draft, name))
    }
    // A temporary folder is its maker's alone; the console is for everyone.
    chmodSync(draft, 0o755)
    const old = join(dist, `old-${process.pid}`)
    try {
      renameSync(join(dist, 'console'), old)
    } catch {
      // There was none yet.
    }
    renameSync(draft, join(dist, 'console'))
    rmSync(old, { recursive: true, force: true })
  } finally {
    if (environment === undefined) delete process.env['NODE_ENV']
    else process.env['NODE_ENV'] = environment
    rmSync(draft, { recursive: true, force: true })
  }
}

const isForEveryPage = (file: string): boolean =>
  /\/(index|dependencies|classes)-[^/]*\.js$/.test(file)

function compress(file: string): void {
  const bytes = readFileSync(file)
  // Quality 9 is a fifth of the time of 11, for a few per cent more bytes. What every page loads is
  // worth it.
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: isForEveryPage(file) ? 11 : 9,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  }
  writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params }))
  writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildConsole()
