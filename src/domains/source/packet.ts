/** Git's packet lines (gitprotocol-common): four hexadecimal digits of length, which count themselves. */
export function packet(data: string | Buffer): Buffer {
  const bytes = Buffer.from(data as string)
  return Buffer.concat([Buffer.from((bytes.length + 4).toString(16).padStart(4, '0')), bytes])
}

export const flushPacket: Buffer = Buffer.from('0000')

/**
 * Lines for the developer, as progress (band 2) before receive-pack's own answer. Only a client that asked for side bands can
 * take them: its answer begins with a packet of band 1, 2 or 3.
 */
export function progressPackets(answer: Buffer, lines: string[]): Buffer[] {
  const band = answer[4]
  if (lines.length === 0 || band === undefined || band < 1 || band > 3) return []
  return lines.map((line) => packet(Buffer.concat([Buffer.from([2]), Buffer.from(`${line}\n`)])))
}
