/** Where an instance listens: a port of 127.0.0.1, or `IP:PORT` of a container. */
export type Address = number | string

/** The options of a connection to an instance. */
export function socketOf(address: Address): { host: string; port: number } {
  if (typeof address === 'number') return { host: '127.0.0.1', port: address }
  const colon = address.lastIndexOf(':')
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) }
}

/** The address of an instance with a port. */
export const addressOf = (saved: { ip?: string | undefined; port: number }): Address =>
  saved.ip === undefined ? saved.port : `${saved.ip}:${saved.port}`
