// npm run check: everything a machine can check without running the product, in the order of what
// fails fastest.
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const digestFile = join(root, 'node_modules/.cache/fairlead-check.sha256')

/** Of the names and contents of all files that git knows or would add; null without git. */
function digestOfFiles(): string | null {
  const hash = createHash('sha256')
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate']
  try {
    const names = execFileSync('git', args, { cwd: root, encoding: 'utf8' }).split('\0')
    for (const name of names.filter(Boolean))
      hash.update(`${name}\0`).update(contentOf(join(root, name)) ?? 'deleted')
    return hash.digest('hex')
  } catch {
    return null
  }
}

function contentOf(file: string): Buffer | null {
  try {
    return readFileSync(file)
  } catch {
    return null
  }
}

const digest = digestOfFiles()
if (digest !== null && contentOf(digestFile)?.toString() === digest) {
  console.log('No file has changed since the last check.')
  process.exit(0)
}

const steps: [string, string[]][] = [
  ['tsc', ['--noEmit']],
  ['oxlint', ['--type-aware']],
  ['oxfmt', ['--check']],
  ['knip', []],
  ['node', ['tools/generate.ts', '--check']],
]

for (const [command, args] of steps) {
  const started = performance.now()
  console.log(`> ${command} ${args.join(' ')}`)
  const { status } = spawnSync(command, args, { stdio: 'inherit' })
  console.log(`  ${((performance.now() - started) / 1000).toFixed(1)} s`)
  if (status !== 0) process.exit(status ?? 1)
}
if (digest !== null) {
  mkdirSync(dirname(digestFile), { recursive: true })
  writeFileSync(digestFile, digest)
}
