import { posix } from 'node:path'
import { FairleadError } from '#contract/errors.ts'
import type { StoredHost } from '#domains/host/store.ts'
import type { OwnPackage } from '#platform/own-package.ts'
import { shellWord } from '#platform/process/shell-word.ts'
import type { SshResult } from '#platform/ssh/ssh.ts'
import {
  checkScript,
  installedScript,
  keepScript,
  startScript,
  switchScript,
  unpackScript,
  upgradeScript,
} from './scripts.ts'

/** A connection to the machine of a host. */
export interface HostShell {
  execute(script: string, args?: readonly string[], input?: string): Promise<SshResult>
  send(from: [string, ...string[]], script: string, args: readonly string[]): Promise<void>
}

/** The name of the unit of systemd. */
export const unitOf = ({ name }: Pick<StoredHost, 'name'>): string => `fairlead-host-${name}`

/** The socket of the host on its machine. */
export const socketOf = ({ folder }: Pick<StoredHost, 'folder'>): string =>
  posix.join(folder, 'host/host.sock')

/**
 * Installs the wanted version on the machine of a host unless it is there, and makes sure that a
 * host runs. Every step can be repeated, and a running host hands over without a lost request.
 */
export async function install(
  shell: HostShell,
  host: StoredHost,
  own: OwnPackage,
  onInstall: () => void,
): Promise<void> {
  const { folder } = host
  const [installed = '', ...nodes] = (await shell.execute(installedScript, [folder])).stdout
    .trimEnd()
    .split('\n')
  if (installed !== host.package) {
    if (host.package !== own.id)
      throw new FairleadError('unavailable', { what: `A server of the version ${host.package}` })
    onInstall()
    if (!nodes.includes(own.node.id)) await installNode(shell, folder, own)
    await must(shell.execute(checkScript, [folder, own.node.id]), 'its Node does not run there')
    const version = posix.join('versions', own.id, 'node_modules')
    await shell.send(archive(own.modules), unpackScript, [folder, version])
    await shell.send(archive(own.program), unpackScript, [folder, `${version}/fairlead`])
    const names = [folder, own.id, own.node.id, own.entry]
    await must(shell.execute(switchScript, names, settingsText(host)), 'it cannot be installed')
    await must(shell.execute(upgradeScript, [folder]), 'the running host did not hand over')
  }
  await must(shell.execute(startScript, [folder, unitOf(host)], keepScript), 'it does not start')
}

async function installNode(shell: HostShell, folder: string, { node }: OwnPackage): Promise<void> {
  const files = { folder: posix.dirname(node.path), files: [posix.basename(node.path)] }
  await shell.send(archive(files), unpackScript, [folder, posix.join('runtime', node.id)])
}

// The network is rarely as slow as the strongest compression.
const archive = ({ folder, files }: OwnPackage['program']): [string, ...string[]] => [
  ...(['tar', '-cf', '-', '--use-compress-program=gzip -1', '-C'] as const),
  ...[folder, '--', ...files],
]

/** The variables of a host, as a file for sh. */
export const settingsText = ({ folder, settings }: StoredHost): string =>
  Object.entries({ ...settings, FAIRLEAD_HOME: folder })
    .map(([name, value]) => `${name}=${shellWord(value)}\n`)
    .join('')

async function must(result: Promise<SshResult>, problem: string): Promise<void> {
  const { code, stdout, stderr } = await result
  if (code === 0) return
  const last = `${stdout}\n${stderr}`.trim().split('\n').at(-1)?.trim() ?? ''
  throw new FairleadError('not_now', { why: `${problem}: ${last || `it ended with ${code}`}` })
}
