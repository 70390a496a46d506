// Installs the programs that the tests need, or those that are named: on Debian, as root. Anywhere
// else it names them, and the tests that need them are skipped.
import { spawnSync } from 'node:child_process'
import {
  isInstalled,
  missingProgram,
  pathOf,
  programs,
  type Program,
} from '../test/support/programs.ts'

const named = process.argv.slice(2)
const missing = (): Program[] =>
  (Object.keys(programs) as Program[]).filter(
    (name) => (named.length === 0 || named.includes(name)) && !isInstalled(name),
  )

function install(packages: string[]): void {
  // RUNLEVEL keeps Debian from starting the services of what it installs.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  for (const args of [
    ['update', '-qq'],
    ['install', '-y', '-qq', '--no-install-recommends', ...packages],
  ]) {
    const { status, stderr } = spawnSync('apt-get', args, { env, encoding: 'utf8' })
    if (status !== 0) {
      console.log(`apt-get ${args[0]} failed: ${stderr.trim().split('\n').at(-1)}`)
      return
    }
  }
}

const wanted = missing().flatMap((name) => [...programs[name].packages])
if (wanted.length > 0 && process.getuid?.() === 0 && pathOf('apt-get') !== null) {
  console.log(`Installing what the tests need: ${wanted.join(' ')}`)
  install(wanted)
}
for (const name of missing()) console.log(`Tests are skipped, because ${missingProgram(name)}`)
