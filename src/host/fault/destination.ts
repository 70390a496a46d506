import { lookup } from 'node:dns/promises'
import { isIPv6 } from 'node:net'
import { z } from 'zod'

/** A destination of packets: addresses, and a port unless all are meant. */
export const destination = z.object({
  addresses: z.array(z.union([z.ipv4(), z.ipv6()])).min(1),
  port: z.number().int().min(1).max(65_535).nullable(),
})
export type Destination = z.infer<typeof destination>

/** The parameter with a destination; a fault that hits every destination does not exist. */
export const to = z
  .string()
  .regex(/^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_.-]+)(?::\d{1,5})?$/, 'must be HOST or HOST:PORT')
  .describe('`HOST` or `HOST:PORT`; the addresses that the host has when the fault begins')

/** Throws one sentence without a full stop when the host has no address. */
export async function resolveDestination(text: string): Promise<Destination> {
  const [, host = '', port] = /^(.*?)(?::(\d+))?$/.exec(text) ?? []
  const name = host.replaceAll(/^\[|\]$/g, '')
  const found = await lookup(name, { all: true }).catch(() => [])
  if (found.length === 0) throw new Error(`${name} has no address`)
  const addresses = [...new Set(found.map(({ address }) => address))]
  const parsed = destination.safeParse({ addresses, port: port ? Number(port) : null })
  if (!parsed.success) throw new Error(`the port of ${text} must be from 1 to 65535`)
  return parsed.data
}

/** What nft matches: packets to one of the destinations. See nft(8). */
export const matchesOf = ({ addresses, port }: Destination): string[] =>
  addresses.map((address) => {
    const family = isIPv6(address) ? 'ip6' : 'ip'
    return `${family} daddr ${address}${port === null ? '' : ` ${portMatch(port)}`}`
  })

export const portMatch = (port: number): string => `meta l4proto { tcp, udp } th dport ${port}`
