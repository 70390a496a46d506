import { proposeFor } from './combine.ts'
import { lookAt } from './folder.ts'
import { render } from './render.ts'

/**
 * Proposes a `fairlead.yaml` for a folder. `found` lists what the proposal is based on, one
 * sentence each. The text always passes `isValid`.
 */
export async function proposePipelineFile(
  folder: string,
  isValid: (text: string) => boolean,
): Promise<{ text: string; found: string[] }> {
  const proposal = proposeFor(lookAt(folder))
  const text = render(proposal)
  if (isValid(text)) return { text, found: proposal.found }
  const sorry = 'What was found here could not be written as a fairlead.yaml: fill it in by hand.'
  return { text: render({ steps: [], services: [], found: [] }), found: [sorry, ...proposal.found] }
}
