import { z } from 'zod'
import { defineEvent } from '#contract/event/define-event.ts'
import { counted } from '#contract/text.ts'
import { driftKinds } from './drift.ts'

const difference = z.object({
  service: z.string().nullable(),
  machine: z.string().nullish(),
  kind: z.enum(driftKinds),
  name: z.string(),
})
const data = {
  release: z.number().int(),
  /** at most ten of them */
  differences: z.array(difference),
  total: z.number().int(),
}
const example = {
  subject: 'environment/shop/production',
  app: 'shop',
  data: {
    ...{ release: 21, total: 1 },
    differences: [{ service: 'redis', kind: 'file' as const, name: 'redis.conf' }],
  },
}

const words = (
  differences: z.infer<typeof difference>[] | undefined,
  total: number | undefined,
): string => {
  const [first] = differences ?? []
  if (!first) return 'Something'
  const owner = first.service ?? first.machine ?? null
  const of = owner === null ? '' : ` of ${owner}`
  const more = (total ?? 1) - 1
  return `The ${first.kind} ${first.name}${of}${more > 0 ? ` and ${more} more` : ''}`
}

export const driftEvents = [
  defineEvent({
    type: 'dev.cdeventsx.fairlead-drift.checked',
    version: '0.1.0',
    data: { release: z.number().int(), total: z.number().int() },
    sentence: ({ actor, id, data: { total = 0 } }) =>
      `${actor} compared ${id} with what is declared: ${counted(total, 'difference')}`,
    tone: ({ total = 0 }) => (total === 0 ? 'good' : 'warn'),
    example: { ...example, actor: 'Ada', data: { release: 21, total: 1 } },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-drift.detected',
    version: '0.1.0',
    data,
    sentence: ({ id, data: { differences, total } }) =>
      `${words(differences, total)} in ${id} differ${total === 1 ? 's' : ''} from what is declared`,
    tone: 'warn',
    example,
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-drift.resolved',
    version: '0.1.0',
    data,
    sentence: ({ id, data: { differences, total } }) =>
      `${words(differences, total)} in ${id} no longer differ${total === 1 ? 's' : ''} from what ` +
      'is declared',
    tone: 'good',
    example,
  }),
] as const
