// Builds the console into dist/console, with a compressed copy of each asset beside it.
import {
  chmodSync,
  mkdtempSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { build } from 'vite'

const dist = fileURLToPath(new URL('../dist', import.meta.url))

/**
 * Builds the console beside what is there and then takes its place, so that who is served
 * meanwhile, or builds too, sees a whole one.
 */
export async function buildConsole(): Promise<void> {
  const configFile = fileURLToPath(new URL('../src/web/vite.config.ts', import.meta.url))
  mkdirSync(dist, { recursive: true })
  const draft = mkdtempSync(join(dist, 'draft-'))
  try {
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
