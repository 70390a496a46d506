import { type ComponentState, componentStateWords } from '#contract/status-page/status-page.ts'
import type { Badge, Tone } from '../ui/state.ts'

const tones: Record<ComponentState, Tone> = {
  operational: 'good',
  degraded: 'warn',
  partial_outage: 'bad',
  major_outage: 'bad',
  maintenance: 'fact',
  unknown: 'unknown',
}

export const componentBadge = (state: ComponentState): Badge => ({
  tone: tones[state],
  word: componentStateWords[state],
})
