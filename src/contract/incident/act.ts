/** What Fairlead did by itself about an incident, or could not do. */
export interface Act {
  /** what it does, without its subject and full stop */
  act: string
  /** the suspect that it undoes */
  suspect: string
  /** that the suspect is the cause, from 0 to 1 */
  confidence: number
  /** why it was not done; null if it was */
  problem: string | null
}

/** One sentence without a full stop. */
export function actWords({
  act,
  suspect,
  confidence,
  problem,
}: { [K in keyof Act]?: Act[K] | undefined }): string {
  if (problem) return `Fairlead could not act by itself on the incident: ${problem}`
  const percent = Math.floor(100 * (confidence ?? 0))
  const because = `it suspects the ${suspect ?? 'last change'} (${percent} %)`
  return `Fairlead ${act ?? 'acts'} by itself because ${because}`
}
