import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FairleadError } from '#contract/errors.ts'
import { pinned } from '#platform/ssh/master.ts'
import { connectionError, optionsOf, runProgram, shellCommand } from '#platform/ssh/ssh.ts'
import type { SshSettings } from '#platform/ssh/ssh.ts'
import { probeScript } from './scripts.ts'

/** Bytes of a path of a socket, and what the folder of a host adds to it. */
const longestFolder = 70
/** Kilobytes that Fairlead, Node and a second version of both need. */
const neededKilobytes = 800_000

export interface Wanted {
  name: string
  destination: string
  /** the key of its SSH server */
  key: string
  folder: string | undefined
}

/**
 * Signs in on a machine once, and finds out whether a host can be installed there. Returns the
 * absolute path of its folder, and the address that the ssh_config has for it.
 */
export async function probe(
  settings: SshSettings,
  wanted: Wanted,
): Promise<{ folder: string; address: string }> {
  const { destination } = wanted
  const place = mkdtempSync(join(tmpdir(), 'fairlead-probe-'))
  try {
    const knownHosts = join(place, 'known_hosts')
    writeFileSync(knownHosts, `fairlead-${wanted.name} ${wanted.key}\n`)
    const options = pinned({ alias: `fairlead-${wanted.name}`, knownHosts, control: 'none' })
    const ssh = (args: string[]) =>
      runProgram(settings, 'ssh', [...optionsOf(settings, options), ...args])
    const folder = wanted.folder ?? '.fairlead-host'
    const script = shellCommand(probeScript, [folder])
    const { code, stdout, stderr } = await ssh(['--', destination, script])
    if (code === 255) throw connectionError(destination, stderr)
    if (code !== 0) throw refused(destination, stderr.trim().split('\n').at(-1) ?? '')
    const [path = '', system = '', kilobytes = ''] = stdout.trim().split('\n').slice(-3)
    check(destination, { path, system, kilobytes: Number(kilobytes) })
    return { folder: path, address: addressIn((await ssh(['-G', '--', destination])).stdout) }
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

function check(
  destination: string,
  { path, system, kilobytes }: { path: string; system: string; kilobytes: number },
): void {
  if (Buffer.byteLength(path) > longestFolder)
    throw refused(destination, `the folder ${path} has more than ${longestFolder} bytes`)
  const ours = `${systemNames[process.platform] ?? ''} ${machineNames[process.arch] ?? ''}`
  if (system !== ours)
    throw refused(destination, `it is ${system}, and this server, whose Node is copied, is ${ours}`)
  if (kilobytes < neededKilobytes)
    throw refused(
      destination,
      `${Math.round(kilobytes / 1000)} MB are free in ${path}, and a host needs ` +
        `${neededKilobytes / 1000} MB`,
    )
}

/** As `uname -sm` prints them. */
const systemNames: Partial<Record<string, string>> = { linux: 'Linux', darwin: 'Darwin' }
const machineNames: Partial<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' }

const addressIn = (config: string): string => /^hostname (\S+)$/m.exec(config)?.[1] ?? ''

const refused = (destination: string, why: string): FairleadError =>
  new FairleadError('not_now', { why: `No host can be installed on ${destination}: ${why}` })
