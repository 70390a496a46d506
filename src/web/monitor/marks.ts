import type { Mark } from '#contract/signal/signal.ts'
import { type Mark as ChartMark, releaseColour } from '../chart/spec.ts'

/** What the marks of `markOf` are, for the label of a chart. */
export const crossing =
  'lines across are deployments, switches, silences, incidents and experiments'

const moments: Partial<Record<Mark['kind'], string>> = {
  silence: 'silence',
  'silence-end': 'silence ends',
  incident: 'incident',
  'incident-end': 'incident is over',
  experiment: 'experiment',
  'experiment-end': 'fault is undone',
}

/** A moment that may explain a change, as a chart shows it, in the colour of its release. */
export const markOf = ({ time, kind, release, text }: Mark): ChartMark => ({
  x: Date.parse(time),
  label:
    kind === 'switch' || kind === 'configuration' ? text : (moments[kind] ?? `release ${release}`),
  ...(release !== null && { colour: releaseColour(release) }),
})
