import { request } from 'node:http'

/** Where the app answers. */
export interface Address {
  port: number
  host: string
}

/** An account that uses something at a fixed interval, in milliseconds. */
export interface Account {
  name: string
  every: number
}

/** The busiest accounts use something every 6 s, the others every minute: 10 uses a second. */
export const accounts: Account[] = Array.from({ length: 400 }, (_, i) => ({
  name: `account-${String(i + 1).padStart(3, '0')}`,
  every: i < 20 ? 6000 : 60_000,
}))

/** Returns the status, or 599 without an answer, and the text. */
export function ask(
  { port, host }: Address,
  path: string,
  method: 'GET' | 'POST' = 'GET',
): Promise<{ status: number; text: string }> {
  return new Promise((resolve) => {
    const none = (): void => resolve({ status: 599, text: '' })
    const options = { host: '127.0.0.1', port, path, method, headers: { host }, agent: false }
    const sent = request(options, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => (text += chunk.toString()))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
      response.on('error', none)
    })
    sent.setTimeout(5000, () => sent.destroy())
    sent.on('error', none)
    sent.end()
  })
}

/** A request of the load. Times are in milliseconds. */
export interface Asked {
  /** since 1970 */
  at: number
  took: number
  status: number
}

export interface Load {
  asked: Asked[]
  stop(): void
}

/** Usage of all accounts, and as many who read their balance. */
export function startLoad(address: Address): Load {
  const asked: Asked[] = []
  const send = (path: string, method: 'GET' | 'POST'): void => {
    const at = Date.now()
    void ask(address, path, method).then(({ status }) =>
      asked.push({ at, took: Date.now() - at, status }),
    )
  }
  const began = Date.now()
  const due = accounts.map(({ every }, i) => began + (every * i) / accounts.length)
  // The busy ones are spread over their own interval.
  for (let i = 0; i < 20; i += 1) due[i] = began + 300 * i
  const timer = setInterval(() => {
    const now = Date.now()
    for (const [i, { name, every }] of accounts.entries()) {
      if ((due[i] ?? 0) > now) continue
      due[i] = (due[i] ?? 0) + every
      send(`/usage/${name}`, 'POST')
      send(`/balance/${name}`, 'GET')
    }
  }, 20)
  return { asked, stop: () => clearInterval(timer) }
}
