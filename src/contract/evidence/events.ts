import { z } from 'zod'
import { defineEvent } from '#contract/event/define-event.ts'
import { because } from '#contract/event/words.ts'

export const evidenceEvents = [
  defineEvent({
    type: 'dev.cdeventsx.fairlead-evidence.signed',
    version: '0.1.0',
    data: { run: z.number().int(), key: z.string(), kinds: z.array(z.string()) },
    sentence: ({ data: { kinds } }) =>
      `Evidence was signed for the artifact${kinds === undefined ? '' : `: ${kinds.join(', ')}`}`,
    tone: 'fact',
    example: {
      subject: `artifact/sha256:${'ab'.repeat(32)}`,
      app: 'shop',
      data: { run: 7, key: 'k-1', kinds: ['provenance', 'tests'] },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-signingkey.created',
    version: '0.1.0',
    data: { key: z.string() },
    sentence: ({ actor, data: { key } }) =>
      `${actor} created the key${key === undefined ? '' : ` ${key}`} that signs evidence`,
    tone: 'fact',
    example: { subject: 'key/k-1', app: null, actor: 'Ada', data: { key: 'k-1' } },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-signingkey.revoked',
    version: '0.1.0',
    data: { key: z.string(), reason: z.string() },
    sentence: ({ actor, data: { key, reason } }) =>
      `${actor} revoked the key${key === undefined ? '' : ` ${key}`} that signed evidence` +
      because(reason),
    tone: 'warn',
    example: {
      subject: 'key/k-1',
      app: null,
      actor: 'Ada',
      data: { key: 'k-1', reason: 'the backup was stolen' },
    },
  }),
] as const
