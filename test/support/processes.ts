import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Installation } from './installation.ts'

/** The processes of an installation, found in /proc by their command line or as children. */
export async function processOf(
  installation: Installation,
  which: 'server' | 'host' | 'database' | 'runner',
): Promise<number> {
  if (which === 'server') return installation.pid()
  if (which === 'database')
    return Number(
      (await readFile(join(installation.home, 'postgres/data/postmaster.pid'), 'utf8')).split(
        '\n',
      )[0],
    )
  for (const { pid, parent, command, environment } of await processes()) {
    if (!command.some((word, i) => /\/(start|main)\.js$/.test(word) && command[i + 1] === which))
      continue
    if (environment.includes(`FAIRLEAD_HOME=${installation.home}`)) return pid
    if (parent === installation.pid()) return pid
  }
  throw new Error(`no ${which} of ${installation.home} is running`)
}

export interface Process {
  pid: number
  parent: number
  command: string[]
  /** as `NAME=value`; empty for a process of another user, unless we are root */
  environment: string[]
}

/** The commands that run for an installation: their environment names its folder. */
export async function commandsOf({ home }: Installation): Promise<string[]> {
  return (await processes())
    .filter(({ environment }) => environment.some((variable) => variable.includes(home)))
    .map(({ command }) => command.join(' ').trim())
}

/** The processes of this machine. */
export async function processes(): Promise<Process[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const read = (pid: string, name: string): Promise<string> =>
    readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')
  return Promise.all(
    pids.map(async (pid) => ({
      pid: Number(pid),
      parent: Number(/^PPid:\s+(\d+)/m.exec(await read(pid, 'status'))?.[1] ?? 0),
      command: (await read(pid, 'cmdline')).split('\0'),
      environment: (await read(pid, 'environ')).split('\0'),
    })),
  )
}
