import { counted } from '#contract/text.ts'
import type { ExperimentPlan } from './experiment.ts'
import type { Radius } from './fault.ts'

/** What an experiment does, in one sentence without a full stop. */
export function planText({ action, service, for: seconds, expect }: ExperimentPlan): string {
  const alert =
    expect === null
      ? 'the service must tolerate it'
      : `the alert of ${expect.alert} must open within ${expect.within} s`
  return `${action} in ${service} for ${seconds} s; ${alert}`
}

/** What a fault would hit, or hit, in words without a verb. */
export const radiusText = ({ instances, of, isHost }: Radius, service: string): string =>
  `${instances} of ${counted(of, 'instance')} of ${service}` +
  (isHost ? ', and their whole machine' : '')
