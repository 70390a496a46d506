import { proposeFor } from './combine.ts'
import { lookAtApp } from './folder.ts'
import { render } from './render.ts'
import { variablesNote, wantedVariables } from './variables.ts'

/**
 * Proposes a `fairlead.yaml` for a folder. `found` lists in sentences what the proposal is based
 * on. The text always passes `isValid`.
 */
export async function proposePipelineFile(
  folder: string,
  isValid: (text: string) => boolean,
): Promise<{ text: string; found: string[] }> {
  const view = lookAtApp(folder)
  const proposed = proposeFor(view)
  const found = [...proposed.found, ...variablesNote(wantedVariables(view))]
  const proposal = { ...proposed, found }
  const text = render(proposal)
  if (isValid(text)) return { text, found: proposal.found }
  const failure = 'The findings could not be written as a valid fairlead.yaml. Fill it in by hand.'
  return {
    text: render({ steps: [], services: [], found: [] }),
    found: [failure, ...proposal.found],
  }
}
