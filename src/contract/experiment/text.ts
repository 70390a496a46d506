import { counted } from '#contract/text.ts'
import type { ExperimentPlan } from './experiment.ts'
import type { Radius } from './fault.ts'

/** What an experiment does, in one sentence without a full stop. */
export function planText(plan: ExperimentPlan): string {
  const { action, service, for: seconds, expect, every } = plan
  const alert =
    expect === null
      ? 'the service must tolerate it'
      : `the alert of ${expect.alert} must open within ${expect.within} s`
  // A run that was stored before there were schedules has none.
  const schedule = every ? `; by itself once in ${counted(every, 'working day')} on average` : ''
  return `${action} in ${service} for ${seconds} s; ${alert}${schedule}`
}

/** What a fault would hit, or hit, in words without a verb. */
export const radiusText = ({ instances, of, isHost }: Radius, service: string): string =>
  `${instances} of ${counted(of, 'instance')} of ${service}` +
  (isHost ? ', and their whole machine' : '')
