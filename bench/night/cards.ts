import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Charge {
  id: string
  account: string
  /** in cents */
  amount: number
  /** milliseconds since 1970 */
  at: number
}

/** A card processor that charges every card that it is told to, and records it. */
export interface Cards {
  url: string
  charges: Charge[]
  close(): void
}

export async function startCards(): Promise<Cards> {
  const charges: Charge[] = []
  const server = createServer((request, response) => {
    if (request.method === 'GET') return response.end(JSON.stringify(charges))
    let text = ''
    request.on('data', (chunk: Buffer) => (text += chunk.toString()))
    request.on('end', () => {
      charges.push({ ...(JSON.parse(text) as Omit<Charge, 'at'>), at: Date.now() })
      response.end()
    })
    return request
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = (): void => {
    server.close()
    server.closeAllConnections()
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, charges, close }
}

/** How often each account was charged, most often first. */
export function timesCharged(charges: Charge[]): [account: string, times: number][] {
  const times = new Map<string, number>()
  for (const { account } of charges) times.set(account, (times.get(account) ?? 0) + 1)
  return [...times].toSorted(([, a], [, b]) => b - a)
}
