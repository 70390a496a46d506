import { readFile, readdir } from 'node:fs/promises'
import { execFileSync } from 'node:child_process'
import { startInstallation } from '../test/support/installation.ts'
import { median, milliseconds, spread, timed } from './measure.ts'

const rounds = 7

/**
 * From starting the server to its first answer: in an empty folder (with initdb, migrations and
 * host), and again over what is there. Memory is PSS, so that shared pages count once.
 */
export async function run(): Promise<void> {
  const cold: number[] = []
  const warm: number[] = []
  const bare: number[] = []
  for (let i = 0; i < rounds; i += 1) {
    const started = performance.now()
    const installation = await startInstallation()
    cold.push(performance.now() - started)
    try {
      await installation.stopServer()
      warm.push(await timed(() => installation.start()))
      bare.push(await timed(async () => execFileSync(process.execPath, ['-e', '0'])))
      if (i === rounds - 1) await memory(installation.home)
    } finally {
      await installation.stop()
    }
  }
  console.log(`server start to first answer, ${rounds} rounds, median (min–max)`)
  console.log(
    `  cold  ${spread(cold)}   ${(median(cold) / median(bare)).toFixed(0)} × an empty Node program (${milliseconds(median(bare))})`,
  )
  console.log(`  warm  ${spread(warm)}   ${(median(warm) / median(bare)).toFixed(0)} ×`)
}

/**
 * Every process that belongs to the installation: its home is in the environment, or it is
 * PostgreSQL over its folder.
 */
async function memory(home: string): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 3000))
  const sums = new Map<string, number>()
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const [environment, command, rollup] = await Promise.all(
      ['environ', 'cmdline', 'smaps_rollup'].map((file) =>
        readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => ''),
      ),
    )
    const kind = kindOf(command ?? '', home)
    if (
      kind === null ||
      (kind !== 'PostgreSQL' &&
        kind !== 'runner' &&
        !(environment ?? '').includes(`FAIRLEAD_HOME=${home}`))
    )
      continue
    const pss = Number(/^Pss:\s+(\d+)/m.exec(rollup ?? '')?.[1] ?? 0)
    sums.set(kind, (sums.get(kind) ?? 0) + pss / 1024)
  }
  console.log('memory at rest (PSS)')
  for (const [kind, megabytes] of sums)
    console.log(`  ${kind.padEnd(12)} ${megabytes.toFixed(0)} MB`)
}

function kindOf(command: string, home: string): string | null {
  if (command.includes('postgres'))
    return command.includes(home) || command.startsWith('postgres:') ? 'PostgreSQL' : null
  const face = /main\.ts\0(server|host|runner)/.exec(command)?.[1]
  return face ?? null
}
