import { z } from 'zod'
import { defineEvent } from '#contract/event/define-event.ts'
import { because } from '#contract/event/words.ts'
import { switchSetting } from './switch.ts'

const place = (app: string | null, environment: string | undefined): string =>
  [environment, app].filter(Boolean).join(' of ')

/** The setting that a switch got. */
const newSetting = {
  environment: z.string(),
  name: z.string(),
  /** null: the default of the file */
  setting: switchSetting.nullable(),
  /** the setting in words */
  to: z.string(),
  version: z.number().int(),
  reason: z.string(),
}

/** Changes of switches of environments. */
export const switchEvents = [
  defineEvent({
    type: 'dev.cdeventsx.fairlead-switch.changed',
    version: '0.1.0',
    data: newSetting,
    sentence: ({ actor, app, data: { environment, name, to, reason } }) =>
      `${actor} set the switch ${name ?? ''} in ${place(app, environment)} to ` +
      `${to ?? 'another value'}${because(reason)}`,
    tone: 'fact',
    example: {
      subject: 'switch/shop/production/auto-recharge',
      app: 'shop',
      actor: 'Ada',
      data: {
        ...{ environment: 'production', name: 'auto-recharge', to: 'off', version: 3 },
        setting: { serve: { variant: 'off' }, split: [], keys: {} },
        reason: 'cards are charged twice',
      },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-switch.pulled',
    version: '0.1.0',
    data: {
      environment: z.string(),
      name: z.string(),
      /** the name of the monitor that is down */
      monitor: z.string(),
      version: z.number().int(),
      reason: z.string(),
      /** what breaks the rule, at most 100 */
      entities: z.array(z.string()),
    },
    sentence: ({ app, data: { environment, name, monitor, reason } }) =>
      `The monitor ${monitor ?? ''} turned off the switch ${name ?? ''} in ` +
      `${place(app, environment)}${because(reason)}`,
    tone: 'stopped',
    example: {
      subject: 'switch/shop/production/auto-recharge',
      app: 'shop',
      data: {
        ...{ environment: 'production', name: 'auto-recharge', monitor: 'charged-twice' },
        ...{ version: 4, reason: '3 rows break the rule', entities: ['17', '23', '42'] },
      },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-switch.rolledback',
    version: '0.1.0',
    data: newSetting,
    sentence: ({ app, data: { environment, name, to, reason } }) =>
      `Fairlead set the switch ${name ?? ''} in ${place(app, environment)} back to ` +
      `${to ?? 'its last value'}${because(reason)}`,
    tone: 'stopped',
    example: {
      subject: 'switch/shop/production/checkout',
      app: 'shop',
      data: {
        ...{ environment: 'production', name: 'checkout', to: 'old', version: 5 },
        setting: { serve: { variant: 'old' }, split: [], keys: {} },
        reason: '14 of 120 keys with new had failed requests, and 3 of 1,080 without it',
      },
    },
  }),
] as const
