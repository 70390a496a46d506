import { createHash } from 'node:crypto'
import { z } from 'zod'

const effects = [
  ...(['latency', 'bandwidth', 'hang', 'reset'] as const),
  ...(['truncate', 'garbage', 'status', 'certificate'] as const),
] as const

const amount = (most: number) => z.number().int().min(1).max(most)

/** What a proxy between a service and its dependency does. */
export const proxyEffect = {
  does: z
    .enum(effects)
    .describe(
      '`latency`: each part of an answer comes later; `bandwidth`: answers come slowly; ' +
        '`hang`: nothing is answered; `reset`: connections are reset; `truncate`: the answer ' +
        'ends in the middle; `garbage`: the bytes of the answer are random; `status`: each ' +
        'request of HTTP gets that status; `certificate`: TLS with an expired certificate',
    ),
  milliseconds: amount(600_000).default(1000).describe('For `latency`'),
  kilobytes: amount(1_000_000).default(16).describe('For `bandwidth`: kilobytes per second'),
  bytes: z.number().int().min(0).max(1_000_000_000).default(64).describe('For `truncate`'),
  status: z.number().int().min(400).max(599).default(503).describe('For `status`'),
  share: z.number().gt(0).max(1).default(1).describe('The share of connections that it hits'),
} as const
const effect = z.object(proxyEffect)
export type ProxyEffect = z.infer<typeof effect>

/** What the process of a proxy is told. */
export const proxyOrder = effect.extend({
  /** Where it listens. */
  address: z.string(),
  port: z.number().int(),
  /** The dependency. */
  to: z.object({ host: z.string(), port: z.number().int() }),
})
export type ProxyOrder = z.infer<typeof proxyOrder>

/** An address of this machine that only the proxy of a fault listens on. */
export function proxyAddress(marker: string): { address: string; port: number } {
  const [a = 0, b = 0, c = 0, d = 0] = createHash('sha256').update(marker).digest()
  return { address: `127.${64 + (a % 64)}.${b}.${1 + (c % 254)}`, port: 20_000 + c * 40 + (d % 40) }
}
