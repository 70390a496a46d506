import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import { helperEnvironment, programOf } from '#platform/process/program.ts'
import type { FaultPlace } from './action.ts'
import { needRunning, processesOf } from './family.ts'
import { insideOf, namespaceOf } from './namespace.ts'
import type { FaultTarget } from './target.ts'

/** Where a fault of the network is: it adds one table of nftables and changes no other. */
export const firewall = z.object({
  namespace: z.string(),
  table: z.string().regex(/^fairlead_[0-9a-f]{16}$/),
  /** Only packets of processes of this user are hit. */
  user: z.number().int().min(1),
})
export type Firewall = z.infer<typeof firewall>

/** Throws one sentence without a full stop if rules could not hit this service alone. */
export function readFirewall({ target, marker }: FaultPlace): Firewall {
  needRunning(target)
  const { service, instances, of } = target
  if (instances.length < of)
    throw new Error(`a fault of the network hits all ${of} instances of ${service}: choose all`)
  const namespace = namespaceOf(instances[0]?.pid ?? 0)
  if (namespace === null || insideOf(namespace) === null)
    throw new Error(`the network of ${service} cannot be entered`)
  const user = userOf(target, namespace)
  const digest = createHash('sha256').update(marker).digest('hex')
  return { namespace, table: `fairlead_${digest.slice(0, 16)}`, user }
}

/** The user of the service, whom no other process in that network may have. */
function userOf(target: FaultTarget, namespace: string): number {
  const own = new Set(processesOf(target).map(({ pid }) => pid))
  const users = new Set([...own].flatMap((pid) => userOfProcess(pid) ?? []))
  for (const user of [0, process.getuid?.() ?? 0]) users.delete(user)
  const [user, ...others] = users
  if (user === undefined || others.length > 0)
    throw new Error(`${target.service} must run as one user, who is not that of Fairlead`)
  const stranger = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .find((pid) => !own.has(pid) && userOfProcess(pid) === user && namespaceOf(pid) === namespace)
  if (stranger !== undefined)
    throw new Error(`the fault would also hit process ${stranger}, which has the same user`)
  return user
}

function userOfProcess(pid: number): number | null {
  try {
    return Number(/^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
  } catch {
    return null
  }
}

/** A chain of packets that leave, with its rules. */
export interface Chain {
  type: 'filter' | 'nat'
  /** Each for packets of the user only. */
  rules: string[]
}

/** The table of a fault, as nft reads it. See nft(8). */
export const rulesOf = ({ table, user }: Firewall, chains: Chain[]): string =>
  chains
    .map(({ type, rules }) => {
      const hook = `type ${type} hook output priority ${type === 'nat' ? -100 : 0}; policy accept;`
      const lines = rules.map((rule) => `meta skuid ${user} ${rule}`)
      return `table inet ${table} {\nchain ${type} {\n${[hook, ...lines].join('\n')}\n}\n}\n`
    })
    .join('')

/** Adds the table at once, or nothing. Throws what nft says. */
export function addRules(firewall: Firewall, chains: Chain[], marker: string): Promise<void> {
  const [program = '', ...args] = commandOf(firewall, ['-f', '-'])
  const child = spawn(program, args, {
    ...{ cwd: '/', stdio: ['pipe', 'ignore', 'pipe'] },
    env: { ...helperEnvironment(), FAIRLEAD_PROCESS: marker },
  })
  let problem = ''
  child.stderr.on('data', (part: Buffer) => (problem += part.toString()))
  child.stdin.on('error', () => undefined)
  child.stdin.end(rulesOf(firewall, chains))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`nft: ${problem.trim().split('\n')[0]}`)),
    )
  })
}

/** Throws when the kernel refuses. Does nothing when the table is gone. */
export async function removeRules(firewall: Firewall): Promise<void> {
  if (!hasTable(firewall)) return
  const [program = '', ...args] = commandOf(firewall, ['delete', 'table', 'inet', firewall.table])
  spawnSync(program, args, { cwd: '/', env: helperEnvironment(), timeout: 5000 })
}

export const findRules = (firewall: Firewall): string | null =>
  hasTable(firewall) ? `the table ${firewall.table} of nftables still exists` : null

const tables = z.object({
  nftables: z.array(z.object({ table: z.object({ name: z.string() }).optional() })),
})

/** Reads the tables of the kernel. Throws when they cannot be read. */
function hasTable(firewall: Firewall): boolean {
  if (insideOf(firewall.namespace) === null) return false
  const [program = '', ...args] = commandOf(firewall, ['-j', 'list', 'tables'])
  const { stdout, status, stderr } = spawnSync(program, args, {
    ...{ cwd: '/', env: helperEnvironment(), timeout: 5000, encoding: 'utf8' },
  })
  // The last process in the namespace may have ended meanwhile.
  if (status !== 0 && insideOf(firewall.namespace) === null) return false
  if (status !== 0) throw new Error(`the tables of nftables cannot be read: ${stderr.trim()}`)
  const found = tables.parse(JSON.parse(stdout)).nftables
  return found.some(({ table }) => table?.name === firewall.table)
}

const commandOf = ({ namespace }: Firewall, args: string[]): string[] => [
  ...[...(insideOf(namespace) ?? []), programOf('nft')],
  ...args,
]
