import type { Detector, Proposal, ProposedService, ProposedStep } from './detector.ts'
import { detectors } from './detectors.generated.ts'
import { below, type Folder } from './folder.ts'
import { withMembers } from './members.ts'

const ofKind = (kind: Detector['kind']): Detector[] =>
  detectors.filter((one) => one.kind === kind).toSorted((a, b) => a.order - b.order)
const languages = ofKind('language')
const others = ofKind('any')

interface Named {
  name: string
  proposal: Proposal
}

/** One proposal for a repository, combined from every detector that recognises something. */
export function proposeFor(folder: Folder): Proposal {
  const proposal = proposalOf(folder)
  return { ...proposal, services: onlyNeededPorts(proposal.services) }
}

function proposalOf(folder: Folder): Proposal {
  const top = combine(detect(folder, languages), detect(folder, others))
  if (top.steps.length > 0 && top.services.length === 0 && isWorkspace(folder))
    return withMembers(folder, top, inFolders(folder))
  if (top.steps.length > 0 || top.services.length > 0) return top
  const parts = inFolders(folder)
  if (parts.steps.length > 0 || parts.services.length > 0) return parts
  return {
    ...top,
    found: [...top.found, 'Nothing was recognised. Fill in how the app is built, tested and run.'],
  }
}

function detect(folder: Folder, wanted: readonly Detector[]): Named[] {
  return wanted.flatMap((detector) => {
    const proposal = detector.detect(folder)
    return proposal ? [{ name: detector.name.toLowerCase(), proposal }] : []
  })
}

/**
 * Takes services from an explicit declaration, else from a language that runs something, else from
 * a language that builds a site, else from any detector. Takes steps from every language, first
 * from the one with the services.
 */
function combine(inLanguages: Named[], elsewhere: Named[]): Proposal {
  const all = [...inLanguages, ...elsewhere]
  const runs = ({ proposal }: Named): boolean =>
    proposal.services.some(({ run }) => run !== undefined)
  const serves = ({ proposal }: Named): boolean => proposal.services.length > 0
  const withSteps = inLanguages.filter(({ proposal }) => proposal.steps.length > 0)
  // Targets and scripts of a library such as `make run` start tools for its developers.
  const isTool = ({ name }: Named): boolean => ['makefile', 'shell scripts'].includes(name)
  const main =
    all.find(({ proposal }) => proposal.explicit) ??
    inLanguages.find(runs) ??
    all.find((one) => serves(one) && (withSteps.length === 0 || !isTool(one)))
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
      i === 0 ? proposal.steps : parallel(name, proposal.steps),
    ),
    services: uniqueNames(ports(main?.proposal.services ?? [])),
    ...(exclude.length > 0 ? { exclude } : {}),
    ...servedOnly(main?.proposal.services ?? []),
    ...(verify ? { verify } : {}),
    found: used.flatMap(({ proposal }) => proposal.found).concat(dockerNote(all, used)),
  }
}

/** A static site needs nothing else of the repository and of what its steps leave behind. */
function servedOnly(services: ProposedService[]): Pick<Proposal, 'include'> {
  const folders = services.flatMap((service) => service.static ?? [])
  const isAll = folders.length > 0 && folders.length === services.length && !folders.includes('.')
  return isAll ? { include: folders } : {}
}

/**
 * Decides which services listen on $PORT: `web`, and every command that contains it. Only what
 * differs from the default of fairlead.yaml is written.
 */
function ports(services: ProposedService[]): ProposedService[] {
  return services.map((service) => {
    const isListener = service.name === 'web' || /\$\{?PORT\b/.test(service.run ?? '')
    return service.static === undefined ? { ...service, port: isListener } : service
  })
}

/** Leaves out the ports that follow from the order of the services. */
function onlyNeededPorts(services: ProposedService[]): ProposedService[] {
  return services.map(({ port, ...service }, i) => {
    const isDefault = i === 0 || service.static !== undefined || service.health !== undefined
    return port === undefined || port === isDefault ? service : { ...service, port }
  })
}

const isNote = ({ steps, services }: Proposal): boolean =>
  steps.length === 0 && services.length === 0

/** The note about a Dockerfile, which is included even when its command is not used. */
function dockerNote(all: Named[], used: Named[]): string[] {
  const docker = all.find((one) => one.name === 'dockerfile' && !used.includes(one))
  return docker ? docker.proposal.found.slice(0, 1) : []
}

/** Renames steps so that they can run in parallel with the others. */
function parallel(prefix: string, steps: ProposedStep[], directory?: string): ProposedStep[] {
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

/** A proposal for a repository with several parts, each in its own folder. */
function inFolders(folder: Folder): Proposal {
  const names = foldersOfParts(folder)
  const parts = names.flatMap((directory) => {
    const part = below(folder, directory)
    const proposal = combine(detect(part, languages), detect(part, others))
    return isNote(proposal) || !/^[\w./-]+$/.test(directory)
      ? []
      : [{ directory, prefix: nameOf(directory.split('/').at(-1) ?? ''), proposal }]
  })
  const sorted = parts.toSorted((a, b) => rank(a.proposal) - rank(b.proposal)).slice(0, 12)
  return {
    steps: sorted.flatMap(({ directory, prefix, proposal }) =>
      parallel(prefix, proposal.steps, directory),
    ),
    services: uniqueNames(
      sorted.flatMap(({ directory, prefix, proposal }) =>
        proposal.services.map((service) => inDirectory(service, directory, prefix)),
      ),
    ),
    ...siteModules(sorted),
    found: sorted.flatMap(({ directory, proposal }) =>
      proposal.found.map((sentence) =>
        /^[^\s:]+:/.test(sentence) ? `${directory}/${sentence}` : `${directory}: ${sentence}`,
      ),
    ),
  }
}

const isWorkspace = (folder: Folder): boolean =>
  folder.has('pnpm-workspace.yaml') || /"workspaces"\s*:/.test(folder.read('package.json'))

const groups = /^(apps|packages|services|src|projects)$/

/** The folders at the top, and in their place those inside a folder that only groups others. */
function foldersOfParts(folder: Folder): string[] {
  const inside = (parent: string): string[] => [
    ...new Set(
      folder.files
        .filter((path) => path.startsWith(parent))
        .map((path) => path.slice(parent.length))
        .flatMap((path) => (path.includes('/') ? [`${parent}${path.split('/')[0]}`] : [])),
    ),
  ]
  return inside('').flatMap((name) =>
    !groups.test(name) || !isNote(combine(detect(below(folder, name), languages), []))
      ? [name]
      : inside(`${name}/`),
  )
}

/** The modules of built sites are needed by their steps only. */
function siteModules(
  parts: { directory: string; proposal: Proposal }[],
): Pick<Proposal, 'exclude'> {
  const exclude = parts.flatMap(({ directory, proposal }) => [
    ...(proposal.exclude ?? []).map((path) => `${directory}/${path}`),
    ...(proposal.include && proposal.steps.some(({ name }) => name === 'install')
      ? [`${directory}/node_modules`]
      : []),
  ])
  return exclude.length > 0 ? { exclude } : {}
}

/** Order of parts: with a command to run, with a site to serve, with steps only. */
function rank({ services }: Proposal): number {
  if (services.some(({ run }) => run !== undefined)) return 0
  return services.length > 0 ? 1 : 2
}

function inDirectory(service: ProposedService, directory: string, prefix: string): ProposedService {
  const name = service.name === 'web' ? prefix : `${prefix}-${service.name}`
  if (service.static === undefined) return { ...service, name, directory }
  return {
    ...service,
    name,
    static: service.static === '.' ? directory : `${directory}/${service.static}`,
  }
}

/** Gives services unique names that are valid in fairlead.yaml: `my_worker` becomes `my-worker`. */
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
