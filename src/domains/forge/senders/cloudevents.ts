import { z } from 'zod'
import {
  type CheckIn,
  type Forge,
  type Headers,
  header,
  isSecret,
  isStandardSignature,
  isStandardSigned,
} from '../sender.ts'

const event = z.object({
  specversion: z.literal('1.0'),
  id: z.string().min(1).max(300),
  source: z.string().min(1).max(1000),
  type: z.string().min(1).max(300),
})

/**
 * CDEvents' words for a check-in, without their version:
 * https://cdevents.dev/docs/source-code-version-control
 */
const checkIns =
  /^dev\.cdevents\.(change\.merged|branch\.created|branch\.deleted|repository\.modified)\b/

const subject = z.object({
  subject: z.object({ id: z.string(), content: z.record(z.string(), z.unknown()) }),
})

function readOne(one: z.output<typeof event>, data: unknown): CheckIn {
  if (!checkIns.test(one.type)) return { kind: 'other', what: one.type }
  const known = subject.safeParse(data)
  const id = known.success ? known.data.subject.id : ''
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

function read(_event: string, payload: unknown, headers: Headers): CheckIn[] {
  if (contentType(headers).startsWith('application/cloudevents-batch'))
    return z
      .array(event.loose())
      .max(1000)
      .parse(payload)
      .map((one) => readOne(one, one['data']))
  if (isStructured(headers)) {
    const one = event.loose().parse(payload)
    return [readOne(one, one['data'])]
  }
  const of = (name: string): string | null => header(headers, `ce-${name}`)
  const one = event.parse({
    specversion: of('specversion'),
    id: of('id'),
    source: of('source'),
    type: of('type'),
  })
  return [readOne(one, payload)]
}

/**
 * Anything that sends CloudEvents v1.0 over HTTP, with the secret as a bearer token or as the key
 * of a standard signature.
 */
export const cloudevents: Forge = {
  name: 'cloudevents',
  isSender: (headers) => header(headers, 'ce-specversion') !== null || isStructured(headers),
  isSigned: (headers) => isStandardSigned(headers) || header(headers, 'authorization') !== null,
  isAuthentic: (request) =>
    isStandardSigned(request.headers)
      ? isStandardSignature(request)
      : isSecret(
          request.secrets,
          header(request.headers, 'authorization')?.replace(/^bearer +/i, '') ?? null,
        ),
  // Ids are unique per source only. In structured mode they are in the body, which is compared as a
  // whole.
  deliveryId: (headers) => {
    const [id, source] = [header(headers, 'ce-id'), header(headers, 'ce-source')]
    return id === null || source === null ? null : `${source} ${id}`
  },
  event: (headers) => header(headers, 'ce-type') ?? 'cloudevents',
  read,
}
