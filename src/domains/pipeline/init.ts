import { readPipelineFile } from './file.ts'
import { proposeFor } from './init/combine.ts'
import { lookAt } from './init/folder.ts'
import { render } from './init/render.ts'

/** What a fairlead.yaml for a folder should say, and what led to it, one sentence each. The text is always one that can be read. */
export async function proposePipelineFile(folder: string): Promise<{ text: string; found: string[] }> {
  const proposal = proposeFor(lookAt(folder))
  const text = render(proposal)
  if (readPipelineFile(text, { file: 'fairlead.yaml', defaultApp: 'app' }).ok) return { text, found: proposal.found }
  const sorry = 'What was found here could not be written as a fairlead.yaml: fill it in by hand.'
  return { text: render({ steps: [], services: [], found: [] }), found: [sorry, ...proposal.found] }
}
