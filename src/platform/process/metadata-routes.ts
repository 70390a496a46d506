import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import { gatewayForms, metadataAddresses } from '#platform/net/metadata.ts'
import { helperEnvironment } from './program.ts'

interface Users {
  first: number
  last: number
}

/**
 * All ports except DNS, which some clouds serve there, and the last, which the kernel does not
 * accept in a range.
 */
const portsClosed = ['1-52', '54-65534']

/** The kernel routes mapped addresses (`::ffff:`) as IPv4, so that they need no rule. */
const families = {
  '-4': metadataAddresses.ipv4,
  '-6': [...metadataAddresses.ipv6, ...metadataAddresses.ipv4.flatMap(gatewayForms)],
}

/**
 * Adds routing rules that block metadata addresses for these users. Returns whether all of them are
 * in force. See ip-rule(8).
 */
export async function closeMetadata(ip: string | undefined, users: Users): Promise<boolean> {
  if (ip === undefined) return false
  const isUsed = ([family]: [string, string[]]): boolean =>
    family === '-4' || existsSync('/proc/net/if_inet6')
  try {
    for (const [family, nets] of Object.entries(families).filter(isUsed)) {
      const missing = missingRules(await run(ip, [family, 'rule', 'show']), nets, users)
      if (missing.length === 0) continue
      // The host starts at the same time and may add the same rules: `-force` continues then.
      await run(ip, [family, '-force', '-batch', '-'], missing).catch(() => '')
      if (missingRules(await run(ip, [family, 'rule', 'show']), nets, users).length > 0)
        return false
    }
    return true
  } catch {
    return false
  }
}

/** The lines for `ip -batch` that add what `shown`, the output of `ip rule show`, lacks. */
export function missingRules(shown: string, nets: string[], { first, last }: Users): string[] {
  const exist = shown.split('\n').map((line) => line.split(/\s+/))
  return nets.flatMap((net) => {
    const to = net.replace(/\/(32|128)$/, (length, bits) =>
      (bits === '32') === net.includes(':') ? length : '',
    )
    return portsClosed
      .map((ports) => ['to', to, 'uidrange', `${first}-${last}`, 'dport', ports, 'prohibit'])
      .filter((rule) => !exist.some((words) => rule.every((word) => words.includes(word))))
      .map((rule) => `rule add ${rule.join(' ')}`)
  })
}

async function run(ip: string, args: string[], input: string[] = []): Promise<string> {
  const running = promisify(execFile)(ip, args, { timeout: 5000, env: helperEnvironment() })
  // The exit of the program reports why it did not read its input.
  running.child.stdin?.on('error', () => undefined)
  running.child.stdin?.end(input.map((line) => `${line}\n`).join(''))
  return (await running).stdout
}
