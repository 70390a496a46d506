import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { skipWhen } from './programs.ts'

/** A machine in a network namespace of its own, with a cable to this one. */
export interface NetworkOfMachine {
  address: string
  /** words before a command that runs in its namespace */
  words: string[]
  /** Its answers vanish from now on: nothing refuses, and nothing ends. */
  unplug(): void
  plug(): void
  remove(): void
}

const ip = (...words: string[]): void => void execFileSync('ip', words, { stdio: 'pipe' })

/** For tests whose machines have networks of their own. */
export const requiresNetworkNamespaces = skipWhen(
  process.getuid?.() !== 0 ||
    spawnSync('unshare', ['--net', 'ip', 'link', 'add', 'fl0', 'type', 'veth'], { stdio: 'ignore' })
      .status !== 0,
  'network namespaces cannot be made here: run the tests as root, with iproute2',
)

/** Makes a namespace in 198.18.0.0/15, which is reserved for tests (RFC 2544). */
export function makeNetwork(key: string): NetworkOfMachine {
  const hash = createHash('sha256').update(key).digest()
  const name = `fl${hash.toString('hex').slice(0, 10)}`
  // The last byte is a multiple of 4: a subnet of this machine and the other one.
  const subnet = (last: number): string =>
    `198.${18 + ((hash[0] ?? 0) & 1)}.${hash[1]}.${((hash[2] ?? 0) & 0xfc) + last}`
  const [here, address] = [subnet(1), subnet(2)]
  const words = ['ip', 'netns', 'exec', name]
  const inside = (...more: string[]): void => ip('-n', name, ...more)
  ip('netns', 'add', name)
  ip('link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
  ip('address', 'add', `${here}/30`, 'dev', name)
  ip('link', 'set', name, 'up')
  inside('link', 'set', 'lo', 'up')
  inside('address', 'add', `${address}/30`, 'dev', 'eth0')
  inside('link', 'set', 'eth0', 'up')
  return {
    ...{ address, words },
    unplug: () => inside('route', 'add', 'blackhole', `${here}/32`),
    plug: () => inside('route', 'del', 'blackhole', `${here}/32`),
    remove: () => ip('netns', 'delete', name),
  }
}
