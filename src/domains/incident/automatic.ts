import type { Incident, Mitigation } from '#contract/incident/incident.ts'
import type { AutomaticFile } from '#contract/pipeline-file/incidents-file.ts'

/** What Fairlead did by itself about an incident, or tried to do. */
export interface Guess {
  /** the suspect that it undid, as in `guessOf` */
  guess: string
  /** the incident, and how often it had begun */
  incident: number
  occurrence: number
  /** whether it was done; what could not be done uses up no act */
  isDone: boolean
  /** milliseconds */
  time: number
}

export interface AutomaticFacts {
  settings: AutomaticFile | undefined
  incident: Pick<Incident, 'id' | 'occurrence' | 'state' | 'commander'>
  /** whether an alert of the incident goes on */
  isFiring: boolean
  /** whether a deployment of the environment goes on */
  isDeploying: boolean
  mitigations: Mitigation[]
  suspect: { kind: string; ref: string; confidence: number | null } | null
  /** in the environment, newest first */
  guesses: Guess[]
  /** milliseconds */
  now: number
}

const dayMs = 86_400_000

/** That a suspect is the cause. */
export const guessOf = ({ kind, ref }: { kind: string; ref: string }): string => `${kind}/${ref}`

/**
 * Whether Fairlead does by itself what it proposes, and if not, why: a sentence without its
 * subject and full stop. Null where it is not asked to.
 */
export function decideAutomatic(
  facts: AutomaticFacts,
): { act: Mitigation } | { why: string } | null {
  const { settings, mitigations } = facts
  if (!settings?.act) return null
  const proposed = mitigations.find(({ isProposed }) => isProposed)
  const why = proposed ? refusal(facts, settings, proposed) : 'no mitigation is proposed'
  return why === null && proposed ? { act: proposed } : { why: why ?? '' }
}

function refusal(
  { incident, isFiring, isDeploying, suspect, guesses, now }: AutomaticFacts,
  { mitigations, confidence, perDay }: AutomaticFile,
  { kind }: Mitigation,
): string | null {
  const { state, commander } = incident
  const found = Math.floor(100 * (suspect?.confidence ?? 0))
  const done = guesses.filter(({ isDone }) => isDone)
  const today = done.filter(({ time }) => now - time < dayMs).length
  if (state !== 'open') return `the incident is ${state}`
  if (commander !== null) return `${commander} is its commander`
  if (!isFiring) return 'no alert shows that the harm goes on'
  if (!mitigations.some((one) => one === kind)) return `fairlead.yaml does not allow a ${kind}`
  if (kind === 'rollback' && isDeploying) return 'a deployment of the environment goes on'
  if (found < confidence)
    return `the confidence in the first suspect is ${found} %, and ${confidence} % are needed`
  const same = suspect ? guesses.filter(({ guess }) => guess === guessOf(suspect)) : []
  if (done[0] && done[0].guess === same[0]?.guess) return 'its last guess was the same'
  if (same.some((one) => one.incident === incident.id && one.occurrence === incident.occurrence))
    return 'it has acted on the same guess in this incident'
  return today < perDay ? null : `it has acted ${perDay === 1 ? 'once' : `${perDay} times`} today`
}
