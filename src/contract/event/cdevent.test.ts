import { expect, test } from 'vitest'
import { z } from 'zod'
import { events } from '#contract/events.ts'
import { toCdEvent } from './cdevent.ts'
import { cdEvent } from './cdevent-schema.ts'
import type { EventDefinition } from './define-event.ts'
import type { StoredEvent } from './event.ts'

const url = 'https://fairlead.example.com'
const definitions = events as unknown as EventDefinition[]
const storedExample = ({ type, version, example }: EventDefinition): StoredEvent => ({
  ...{ id: 42, time: '2026-11-23T10:00:00.000Z', type, version, chain: 'c-1' },
  ...{ subject: example.subject, app: example.app, data: example.data },
  ...{ actor: example.actor ?? 'fairlead', by: null },
})

const text = z.string()
const uri = z.url()
const reference = z.strictObject({ id: z.string().min(1), source: text.optional() })
const ofRepository = z.strictObject({ repository: reference.optional() })
const pipelineRun = { pipelineName: text.optional(), uri: uri.optional() }
const task = { taskName: text.optional(), uri: uri.optional(), pipelineRun: reference.optional() }
const outcome = z.enum(['success', 'failure', 'cancel', 'error']).optional()
const environment = z.strictObject({ name: text.optional(), uri: uri.optional() })
const incident = z.strictObject({
  ...{ description: text.optional(), environment: reference },
  ...{ service: reference.optional(), artifactId: text.min(1).optional() },
})
const service = z.strictObject({ environment: reference, artifactId: text })

/**
 * The content of each type as CDEvents 0.5.1 defines it, with the version of its schema. To check
 * against the schemas themselves, run `node tools/check-cdevents.ts` with a copy of the
 * specification.
 */
const specified: Record<string, [version: string, content: z.ZodType]> = {
  'repository.created': [
    '0.3.0',
    z.strictObject({ name: text, uri, owner: text.optional(), viewUrl: uri.optional() }),
  ],
  'repository.modified': [
    '0.3.0',
    z.strictObject({
      ...{ name: text.optional(), owner: text.optional() },
      ...{ uri: uri.optional(), viewUrl: uri.optional() },
    }),
  ],
  'repository.deleted': ['0.3.0', z.strictObject({ name: text.optional(), uri: uri.optional() })],
  'branch.created': ['0.3.0', ofRepository],
  'branch.deleted': ['0.3.0', ofRepository],
  'change.created': ['0.4.0', ofRepository.extend({ description: text.optional() })],
  'change.updated': ['0.3.0', ofRepository],
  'change.merged': ['0.3.0', ofRepository],
  'change.abandoned': ['0.3.0', ofRepository],
  'pipelinerun.queued': ['0.3.0', z.strictObject(pipelineRun)],
  'pipelinerun.started': ['0.3.0', z.strictObject({ pipelineName: text, uri })],
  'pipelinerun.finished': [
    '0.3.0',
    z.strictObject({ ...pipelineRun, outcome, errors: text.optional() }),
  ],
  'taskrun.started': ['0.3.0', z.strictObject(task)],
  'taskrun.finished': ['0.3.0', z.strictObject({ ...task, outcome, errors: text.optional() })],
  'artifact.packaged': ['0.3.0', z.strictObject({ change: reference })],
  'artifact.deleted': ['0.2.0', z.strictObject({ user: text.optional() })],
  'environment.created': ['0.3.0', environment],
  'environment.modified': ['0.3.0', environment],
  'environment.deleted': ['0.3.0', z.strictObject({ name: text.optional() })],
  'service.deployed': ['0.3.0', service],
  'service.upgraded': ['0.3.0', service],
  'service.rolledback': ['0.3.0', service],
  'incident.detected': ['0.3.0', incident],
  'incident.reported': ['0.3.0', incident.extend({ ticketURI: uri })],
  'incident.resolved': ['0.3.0', incident],
  'service.removed': ['0.3.0', z.strictObject({ environment: reference.optional() })],
}

test('every type is of CDEvents 0.5 in its version, or a valid custom type', () => {
  for (const { type, version } of definitions) {
    const known = specified[type.replace('dev.cdevents.', '')]
    if (known) expect([type, version]).toEqual([type, known[0]])
    else expect(`${type}.${version}`).toMatch(/^dev\.cdeventsx\.fairlead-[a-z]+\.[a-z]+(\.\d){3}$/)
  }
  const own = definitions.filter(({ type }) => type.startsWith('dev.cdevents.'))
  expect(own).toHaveLength(Object.keys(specified).length)
})

test.each(definitions.map((definition) => [definition.type, definition] as const))(
  '%s has the content that CDEvents 0.5 defines, also when it was stored with less data',
  (type, definition) => {
    const stored = storedExample(definition)
    for (const event of [stored, { ...stored, data: {} }, { ...stored, app: null, data: {} }]) {
      const converted = cdEvent.parse(toCdEvent(event, url))
      const content = specified[type.replace('dev.cdevents.', '')]?.[1]
      if (content) expect(content.safeParse(converted.subject.content).error).toBeUndefined()
      else expect(converted.subject.content).toEqual(event.data)
    }
  },
)

test('converts the head of an event, and keeps its own data as custom data', () => {
  const definition = definitions.find(({ type }) => type === 'dev.cdevents.artifact.packaged')!
  const { data } = definition.example
  expect(toCdEvent(storedExample(definition), url)).toEqual({
    context: {
      specversion: '0.5.1',
      id: '42',
      source: url,
      type: 'dev.cdevents.artifact.packaged.0.3.0',
      timestamp: '2026-11-23T10:00:00.000Z',
      chainId: 'c-1',
    },
    subject: {
      id: `pkg:oci/shop@sha256%3A${'ab'.repeat(32)}`,
      source: url,
      content: { change: { id: 'c0ffee'.padEnd(40, '0') } },
    },
    customData: { app: 'shop', actor: 'fairlead', ...data },
  })
})
