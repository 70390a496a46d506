import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { shellWord } from '#platform/process/shell-word.ts'

/** The variable that passes the folder with the files of `writeTunnel` to git. */
export const gitTunnel = 'FAIRLEAD_GIT_TUNNEL'

/** The program that git runs for `git://` in place of a connection of its own. */
export const connectOf = (folder: string): string => join(folder, 'connect')

/** The configuration of ssh that connects with the same program. */
export const sshConfigOf = (folder: string): string => join(folder, 'ssh_config')

/**
 * Writes what lets ssh and `git://` connect through the egress proxy, which they do not support:
 * a program that does it, and a configuration of ssh that names it. `command` starts `main` of
 * connect.ts. Safe to repeat, and to run concurrently.
 */
export async function writeTunnel(folder: string, command: string[]): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await write(connectOf(folder), connectScript(command), 0o700)
  await write(sshConfigOf(folder), sshConfig(connectOf(folder)), 0o600)
}

export const connectScript = (command: string[]): string =>
  `#!/bin/sh\nexec ${command.map(shellWord).join(' ')} "$@"\n`

/** ssh uses the first value that it reads, so a proxy that the machine configures comes first. */
export const sshConfig = (connect: string): string => `Include ~/.ssh/config
Include /etc/ssh/ssh_config
Host *
  ProxyCommand ${shellWord(connect).replaceAll('%', '%%')} %h %p
`

/** Replaces a file at once: another server may run it, and git may run at the same time. */
async function write(file: string, text: string, mode: number): Promise<void> {
  if ((await readFile(file, 'utf8').catch(() => null)) === text) return
  const draft = `${file}.${randomUUID()}`
  await writeFile(draft, text, { mode })
  await rename(draft, file)
}
