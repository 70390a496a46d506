import { readPipelineFile } from './file.ts'
import type { Proposal, ProposedService } from './init/detector.ts'
import { detectors } from './init/detectors.ts'
import { lookAt } from './init/folder.ts'
import { render } from './init/render.ts'

/** What a fairlead.yaml for a folder should say, and what led to it, one sentence each. The text is always one that can be read. */
export async function proposePipelineFile(folder: string): Promise<{ text: string; found: string[] }> {
  const seen = lookAt(folder)
  const proposals = detectors.flatMap((detector) => detector.detect(seen) ?? [])
  const proposal = combine(proposals)
  const text = render(proposal)
  if (readPipelineFile(text, { file: 'fairlead.yaml', defaultApp: 'app' }).ok) return { text, found: proposal.found }
  const empty = combine([])
  return {
    text: render(empty),
    found: ['What was found here could not be written as a fairlead.yaml: fill it in by hand.', ...proposal.found],
  }
}

/** Steps from the first who knows steps; services from where the team wrote them down, else from the first who knows them. */
function combine(proposals: Proposal[]): Proposal {
  const withSteps = proposals.find(({ steps }) => steps.length > 0)
  const withServices =
    proposals.find(({ explicit }) => explicit) ?? proposals.find(({ services }) => services.length > 0)
  const checked = proposals.find(({ verify }) => verify)
  // Only what was used is said, and that of a Dockerfile, whose reader waits for more than we do.
  const told = proposals.filter(
    (proposal) =>
      proposal === withSteps ||
      proposal === withServices ||
      (proposal.steps.length === 0 && proposal.services.length === 0),
  )
  const docker = proposals
    .filter(
      ({ found }) => found[0]?.includes('images are not built yet') && !told.some((other) => other.found === found),
    )
    .map(({ found }) => found[0] ?? '')
  const nothing = withSteps || withServices ? [] : ['Nothing was recognised: say how it is built, tested and run.']
  return {
    steps: withSteps?.steps ?? [],
    services: uniqueNames(withServices?.services ?? []),
    ...(withSteps?.exclude ? { exclude: withSteps.exclude } : {}),
    ...(checked?.verify ? { verify: checked.verify } : {}),
    found: [...told.flatMap(({ found }) => found), ...docker, ...nothing],
  }
}

/** Names as fairlead.yaml has them: `my_worker` becomes `my-worker`. */
function uniqueNames(services: ProposedService[]): ProposedService[] {
  const taken = new Set<string>()
  return services.map((service) => {
    const plain = service.name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .slice(0, 30)
      .replace(/^-+|-+$/g, '')
    const base =
      /[a-z]/.test(plain) && !['fairlead', 'constructor'].includes(plain) ? plain : `service${plain && `-${plain}`}`
    let name = base
    for (let i = 2; taken.has(name); i += 1) name = `${base}-${i}`
    taken.add(name)
    return { ...service, name }
  })
}
