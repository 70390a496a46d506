import { z } from 'zod'
import type { CheckIn } from '../check-in.ts'
import { defineForge } from '../forge.ts'
import {
  hasStandardSignature,
  type Headers,
  header,
  isSecret,
  isStandardSignature,
} from '../signature.ts'

const event = z.object({
  specversion: z.literal('1.0'),
  id: z.string().min(1).max(300),
  source: z.string().min(1).max(1000),
  type: z.string().min(1).max(300),
})

/**
 * The CDEvents types that announce a check-in, in any version:
 * https://cdevents.dev/docs/source-code-version-control
 */
const checkIns =
  /^dev\.cdevents\.(change\.merged|branch\.created|branch\.deleted|repository\.modified)\b/

const subject = z.object({
  subject: z.object({ id: z.string(), content: z.record(z.string(), z.unknown()) }),
})

function readEvent({ type }: z.output<typeof event>, data: unknown): CheckIn {
  if (!checkIns.test(type)) return { kind: 'other', what: type }
  const id = subject.safeParse(data).data?.subject.id ?? ''
  return {
    kind: 'push',
    ref: 'refs/heads',
    before: null,
    after: /^[0-9a-f]{40}([0-9a-f]{24})?$/.test(id) ? id : null,
  }
}

const contentType = (headers: Headers): string => header(headers, 'content-type') ?? ''
const isStructured = (headers: Headers): boolean =>
  contentType(headers).startsWith('application/cloudevents')
const isBatch = (headers: Headers): boolean =>
  contentType(headers).startsWith('application/cloudevents-batch')

/** Reads the batched, the structured and the binary content mode. */
function read(_event: string, payload: unknown, headers: Headers): CheckIn[] {
  if (isBatch(headers)) {
    const events = z.array(event.loose()).max(1000).parse(payload)
    return events.map((one) => readEvent(one, one['data']))
  }
  if (isStructured(headers)) {
    const one = event.loose().parse(payload)
    return [readEvent(one, one['data'])]
  }
  const attribute = (name: string): string | null => header(headers, `ce-${name}`)
  const one = event.parse({
    specversion: attribute('specversion'),
    id: attribute('id'),
    source: attribute('source'),
    type: attribute('type'),
  })
  return [readEvent(one, payload)]
}

/**
 * Any sender of CloudEvents 1.0 over HTTP. It sends the secret as a bearer token, or signs with it
 * as Standard Webhooks define.
 */
export default defineForge({
  kind: 'cloudevents',
  title: 'CloudEvents',
  webhook: {
    isSender: (headers) => header(headers, 'ce-specversion') !== null || isStructured(headers),
    isSigned: (headers) =>
      hasStandardSignature(headers) || header(headers, 'authorization') !== null,
    isAuthentic: (request) =>
      hasStandardSignature(request.headers)
        ? isStandardSignature(request)
        : isSecret(
            request.secrets,
            header(request.headers, 'authorization')?.replace(/^bearer +/i, '') ?? null,
          ),
    // IDs are unique only per source. In structured mode both are in the body, where an equal
    // content reveals a repeat.
    deliveryId: (headers) => {
      const [id, source] = [header(headers, 'ce-id'), header(headers, 'ce-source')]
      return id === null || source === null ? null : `${source} ${id}`
    },
    event: (headers) => header(headers, 'ce-type') ?? 'cloudevents',
    read,
    example: {
      headers: {
        ...{ 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/forge/shop' },
        'ce-type': 'dev.cdevents.change.merged.0.2.0',
      },
      payload: { subject: { id: 'b'.repeat(40), content: { repository: { id: 'shop' } } } },
    },
  },
})
