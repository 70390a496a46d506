import { z } from 'zod'
import { defineEvent } from '#contract/event/define-event.ts'
import { because } from '#contract/event/words.ts'
import { gateStates, waiverKinds } from './gate.ts'

const waived = (data: { kind?: string | undefined; subject?: string | undefined }): string =>
  data.kind === undefined || data.subject === undefined
    ? 'a gate or a test'
    : `the ${data.kind} ${data.subject}`

export const gateEvents = [
  defineEvent({
    type: 'dev.cdeventsx.fairlead-gate.finished',
    version: '0.1.0',
    data: {
      gates: z.array(z.object({ name: z.string(), state: z.enum(gateStates), stops: z.boolean() })),
    },
    sentence: ({ id, data: { gates } }) => {
      if (gates === undefined) return `The gates of run ${id} were evaluated`
      const stopping = gates.filter(({ stops }) => stops).map(({ name }) => name)
      if (stopping.length > 0) return `Run ${id} was stopped by ${stopping.join(', ')}`
      const open = gates.filter(({ state }) => state !== 'passed').length
      return `Run ${id} passed its gates${open === 0 ? '' : ` (${open} waived or unknown)`}`
    },
    tone: ({ gates }) =>
      gates?.some(({ stops }) => stops)
        ? 'bad'
        : gates?.every(({ state }) => state === 'passed')
          ? 'good'
          : 'unknown',
    example: {
      subject: 'run/7',
      app: 'shop',
      data: { gates: [{ name: 'coverage', state: 'failed', stops: true }] },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-waiver.created',
    version: '0.1.0',
    data: {
      kind: z.enum(waiverKinds),
      subject: z.string(),
      reason: z.string(),
      until: z.string(),
    },
    sentence: ({ actor, data }) =>
      `${actor} waived ${waived(data)}` +
      (data.until === undefined ? '' : ` until ${data.until.slice(0, 10)}`) +
      because(data.reason),
    tone: 'warn',
    example: {
      subject: 'waiver/3',
      app: 'shop',
      actor: 'Ada',
      data: {
        kind: 'gate',
        subject: 'coverage',
        reason: 'generated code',
        until: '2026-12-01T00:00:00.000Z',
      },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-waiver.ended',
    version: '0.1.0',
    data: { kind: z.enum(waiverKinds), subject: z.string() },
    sentence: ({ actor, data }) => `${actor} ended the waiver of ${waived(data)}`,
    tone: 'fact',
    example: {
      subject: 'waiver/3',
      app: 'shop',
      actor: 'Ada',
      data: { kind: 'gate', subject: 'coverage' },
    },
  }),
] as const
