import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectionError, optionsOf, runProgram, type SshSettings } from './ssh.ts'

/** The public key of an SSH server. */
export interface HostKey {
  /** as in a file `known_hosts`, without the name: `ssh-ed25519 AAAA…` */
  key: string
  /** as `ssh-keygen -l` prints it: `SHA256:…` */
  fingerprint: string
}

/**
 * Reads the key of the machine at a destination without signing in, so that it gets no secret.
 * Throws `unavailable` when nothing answers, `SshRefused` when its name has no address.
 */
export async function readHostKey(settings: SshSettings, destination: string): Promise<HostKey> {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-key-'))
  const file = join(folder, 'known_hosts')
  try {
    const { stderr } = await runProgram(settings, 'ssh', [
      ...optionsOf(settings, [
        ...['BatchMode=yes', 'ConnectTimeout=10', 'StrictHostKeyChecking=accept-new'],
        ...[`UserKnownHostsFile=${file}`, 'GlobalKnownHostsFile=/dev/null', 'HashKnownHosts=no'],
        ...['PreferredAuthentications=none', 'ControlPath=none', 'HostKeyAlias=fairlead'],
      ]),
      ...['--', destination, 'true'],
    ])
    const [, type = '', bytes = ''] = (readOrEmpty(file).split('\n')[0] ?? '').split(' ')
    if (bytes === '') throw connectionError(destination, stderr)
    return { key: `${type} ${bytes}`, fingerprint: fingerprintOf(`${type} ${bytes}`) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The fingerprint of a public key, as `ssh-keygen -l` prints it. */
export function fingerprintOf(key: string): string {
  const bytes = Buffer.from(key.split(' ')[1] ?? '', 'base64')
  return `SHA256:${createHash('sha256').update(bytes).digest('base64').replaceAll('=', '')}`
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
