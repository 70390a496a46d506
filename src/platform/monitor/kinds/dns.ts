import { Resolver } from 'node:dns/promises'
import { isIP } from 'node:net'
import { z } from 'zod'
import { listOf, shorthand, text } from '#contract/pipeline-file/shapes.ts'
import { failureOf } from '../failure.ts'
import { defineMonitorKind, down, up } from '../monitor-kind.ts'

export default defineMonitorKind({
  kind: 'dns',
  title: 'A name resolves as it should',
  settings: shorthand(
    'name',
    z.strictObject({
      name: z
        .string()
        .regex(/^[\w.-]{1,253}$/, 'must be a name such as example.com')
        .describe('The name that is resolved'),
      type: z
        .enum(['A', 'AAAA', 'CAA', 'CNAME', 'MX', 'NS', 'SOA', 'SRV', 'TXT'])
        .default('A')
        .describe('The type of the record'),
      server: z
        .string()
        .refine((server) => isIP(server) !== 0, 'must be an IP address')
        .optional()
        .describe('The name server that is asked; default: those of the host'),
      expect: listOf(text.max(1000))
        .prefault([])
        .describe('Values that the answer must contain; default: any'),
    }),
  ),
  example: { name: 'example.com', type: 'MX', expect: ['mail.example.com'] },
  every: 60_000,
  failures: 3,
  elsewhere: () => null,
  onHost: async ({ name, type, server, expect }, io) => {
    const why = server === undefined ? null : io.refusal(server)
    if (why !== null) return { state: 'unknown', reason: why }
    const resolver = new Resolver({ timeout: 3000, tries: 1 })
    if (server !== undefined) resolver.setServers([isIP(server) === 6 ? `[${server}]` : server])
    const stop = (): void => resolver.cancel()
    io.signal.addEventListener('abort', stop, { once: true })
    try {
      const found = textsOf(await resolver.resolve(name, type))
      const missing = expect.find((one) => !found.includes(one.toLowerCase()))
      if (missing === undefined) return up
      return down(`the answer lacks ${missing}; it is ${found.join(', ').slice(0, 200)}`)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOTFOUND') return down('the name does not exist')
      if (code === 'ENODATA') return down(`the name has no record of type ${type}`)
      if (code === 'ESERVFAIL') return down('the name server failed')
      return { ...failureOf(error), isCutOff: code !== 'EREFUSED' }
    } finally {
      io.signal.removeEventListener('abort', stop)
    }
  },
})

/** The values of an answer as texts in lower case. */
function textsOf(answer: unknown): string[] {
  const records = Array.isArray(answer) ? answer : [answer]
  return records.map((record: unknown) => {
    if (typeof record === 'string') return record.toLowerCase()
    if (Array.isArray(record)) return record.join('').toLowerCase()
    const { exchange, name, nsname, value } = record as Record<string, string | undefined>
    return (exchange ?? name ?? nsname ?? value ?? JSON.stringify(record)).toLowerCase()
  })
}
