import type { Proposal, ProposedService, ProposedStep } from './detector.ts'
import { languages, others } from './detectors.ts'
import { below, type Folder } from './folder.ts'

interface Named {
  name: string
  proposal: Proposal
}

/** One proposal for a repository, from all who recognise something in it. */
export function proposeFor(folder: Folder): Proposal {
  const top = combine(detect(folder, languages), detect(folder, others))
  if (top.steps.length > 0 || top.services.length > 0) return top
  const parts = inFolders(folder)
  if (parts.steps.length > 0 || parts.services.length > 0) return parts
  return {
    ...top,
    found: [...top.found, 'Nothing was recognised: say how it is built, tested and run.'],
  }
}

function detect(folder: Folder, detectors: typeof languages): Named[] {
  return detectors.flatMap((detector) => {
    const proposal = detector.detect(folder)
    return proposal ? [{ name: detector.name.toLowerCase(), proposal }] : []
  })
}

/**
 * Services from where the team wrote them down, else from a language that runs something, else from
 * one that builds a site, else from what there is. Steps from every language, that of the services
 * first.
 */
function combine(inLanguages: Named[], elsewhere: Named[]): Proposal {
  const all = [...inLanguages, ...elsewhere]
  const runs = ({ proposal }: Named): boolean =>
    proposal.services.some(({ run }) => run !== undefined)
  const serves = ({ proposal }: Named): boolean => proposal.services.length > 0
  const main =
    all.find(({ proposal }) => proposal.explicit) ?? inLanguages.find(runs) ?? all.find(serves)
  const withSteps = inLanguages.filter(({ proposal }) => proposal.steps.length > 0)
  const sources =
    withSteps.length > 0
      ? withSteps
      : elsewhere.filter(({ proposal }) => proposal.steps.length > 0).slice(0, 1)
  const sorted = [
    ...sources.filter((source) => source === main),
    ...sources.filter((source) => source !== main),
  ]
  const used = all.filter((one) => one === main || sources.includes(one) || isNote(one.proposal))
  const exclude = sources.flatMap(({ proposal }) => proposal.exclude ?? [])
  const verify = all.find(({ proposal }) => proposal.verify)?.proposal.verify
  return {
    steps: sorted.flatMap(({ name, proposal }, i) =>
      i === 0 ? proposal.steps : aside(name, proposal.steps),
    ),
    services: uniqueNames(main?.proposal.services ?? []),
    ...(exclude.length > 0 ? { exclude } : {}),
    ...(verify ? { verify } : {}),
    found: used.flatMap(({ proposal }) => proposal.found).concat(dockerNote(all, used)),
  }
}

const isNote = ({ steps, services }: Proposal): boolean =>
  steps.length === 0 && services.length === 0

/**
 * Who has a Dockerfile waits for more than its command: that is said even when its command is not
 * used.
 */
function dockerNote(all: Named[], used: Named[]): string[] {
  const docker = all.find((one) => one.name === 'dockerfile' && !used.includes(one))
  return docker ? docker.proposal.found.slice(0, 1) : []
}

/** Steps that run beside the others, under names of their own. */
function aside(prefix: string, steps: ProposedStep[], directory?: string): ProposedStep[] {
  const rename = (name: string): string => `${prefix}-${name}`
  return steps.map(({ needs, ...step }, i) => {
    const wanted = needs?.map(rename) ?? (i === 0 ? [] : undefined)
    return {
      ...step,
      name: rename(step.name),
      ...(wanted ? { needs: wanted } : {}),
      ...(directory ? { directory } : {}),
    }
  })
}

/** A repository of several parts, each in a folder of its own. */
function inFolders(folder: Folder): Proposal {
  const names = [
    ...new Set(
      folder.files.flatMap((path) => (path.includes('/') ? [path.split('/')[0] ?? ''] : [])),
    ),
  ]
  const parts = names.flatMap((directory) => {
    const seen = below(folder, directory)
    const proposal = combine(detect(seen, languages), detect(seen, others))
    return isNote(proposal) || !/^[\w.-]+$/.test(directory)
      ? []
      : [{ directory, prefix: nameOf(directory), proposal }]
  })
  const sorted = parts.toSorted((a, b) => rank(a.proposal) - rank(b.proposal)).slice(0, 5)
  return {
    steps: sorted.flatMap(({ directory, prefix, proposal }) =>
      aside(prefix, proposal.steps, directory),
    ),
    services: uniqueNames(
      sorted.flatMap(({ directory, prefix, proposal }) =>
        proposal.services.map((service) => placed(service, directory, prefix)),
      ),
    ),
    found: sorted.flatMap(({ directory, proposal }) =>
      proposal.found.map((sentence) =>
        /^[^\s:]+:/.test(sentence) ? `${directory}/${sentence}` : `${directory}: ${sentence}`,
      ),
    ),
  }
}

/** What runs comes before what is only served, and that before what only builds. */
function rank({ services }: Proposal): number {
  if (services.some(({ run }) => run !== undefined)) return 0
  return services.length > 0 ? 1 : 2
}

function placed(service: ProposedService, directory: string, prefix: string): ProposedService {
  const name = service.name === 'web' ? prefix : `${prefix}-${service.name}`
  if (service.static === undefined) return { ...service, name, directory }
  return {
    ...service,
    name,
    static: service.static === '.' ? directory : `${directory}/${service.static}`,
  }
}

/** Names as fairlead.yaml has them: `my_worker` becomes `my-worker`. */
function uniqueNames(services: ProposedService[]): ProposedService[] {
  const taken = new Set<string>()
  return services.map((service) => {
    const base = nameOf(service.name)
    let name = base
    for (let i = 2; taken.has(name); i += 1) name = `${base}-${i}`
    taken.add(name)
    return { ...service, name }
  })
}

function nameOf(text: string): string {
  const plain = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 20)
    .replace(/^-+|-+$/g, '')
  return /[a-z]/.test(plain) && !['fairlead', 'constructor'].includes(plain)
    ? plain
    : `part${plain && `-${plain}`}`
}
