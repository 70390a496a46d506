// Builds the program into dist as plain JavaScript that any supported Node runs.
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { buildIfChanged } from './build-if-changed.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')
const main = join(dist, 'main.js')

/** A process that runs may still load a part of the former build for so many milliseconds. */
const keepMs = 3_600_000

/** Everything that determines the program. */
const inputs = ['src/**/*.{ts,js,json}', 'package.json', 'package-lock.json', 'tools/build-*.ts']

/** Builds the program, unless the last build was from files of the same content. */
export const buildProgramIfChanged = (): Promise<void> =>
  buildIfChanged({
    root,
    inputs: { include: inputs, exclude: ['src/web/**', 'src/**/*.test.ts'] },
    result: main,
    digestFile: join(dist, 'program.sha256'),
    build: buildProgram,
  })

/** Builds apart and replaces the files one by one, so that a process that starts finds all. */
export async function buildProgram(): Promise<void> {
  mkdirSync(dist, { recursive: true })
  const draft = mkdtempSync(join(dist, 'draft-'))
  const chunks = join(dist, 'chunks')
  try {
    await build({
      root,
      configFile: false,
      logLevel: 'warn',
      ssr: { external: true },
      build: {
        ssr: 'src/start.js',
        outDir: draft,
        target: 'node22',
        minify: false,
        rolldownOptions: {
          output: { entryFileNames: 'main.js', chunkFileNames: 'chunks/[name]-[hash].js' },
        },
      },
    })
    mkdirSync(chunks, { recursive: true })
    const built = new Set(readdirSync(join(draft, 'chunks')))
    for (const name of built) renameSync(join(draft, 'chunks', name), join(chunks, name))
    renameSync(join(draft, 'main.js'), main)
    for (const name of readdirSync(chunks))
      if (!built.has(name) && Date.now() - statSync(join(chunks, name)).mtimeMs > keepMs)
        rmSync(join(chunks, name))
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}
