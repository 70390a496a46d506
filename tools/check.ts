// npm run check: everything a machine can check without running the product, in the order of what
// fails fastest.
import { spawnSync } from 'node:child_process'

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
