import type { z } from 'zod'
import type { TargetCapability } from '#contract/deployment/target.ts'
import type { EnvironmentFile, PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { type Found, fromIssue, meant, type Path } from './problem.ts'

/** What the rules of fairlead.yaml need to know of a kind of target. */
export interface TargetKind {
  kind: string
  /** the settings besides `kind` */
  config: z.ZodObject
  example: Record<string, unknown>
  capabilities: readonly TargetCapability[]
}

type File = Pick<PipelineFile, 'services' | 'environments'>

/** The kind and the settings of every `target`, and what each environment asks of its target. */
export function targetRules(file: File, kinds: readonly TargetKind[]): Found[] {
  return Object.entries(file.environments).flatMap(([name, environment]) => {
    const { target } = environment
    const kind = kinds.find((one) => one.kind === target.kind)
    if (!kind) return [unknownKind(name, target.kind, kinds)]
    return [
      ...settingRules(name, target, kind),
      ...capabilityRules(name, environment, file, { kind, kinds }),
      ...severalHostsRules(name, environment, file),
    ]
  })
}

function unknownKind(name: string, kind: string, kinds: readonly TargetKind[]): Found {
  return {
    path: ['environments', name, 'target'],
    atKey: false,
    problem: `environment \`${name}\` has the target \`${kind}\`, which does not exist`,
    hint: meant(
      kind,
      kinds.map((one) => one.kind),
      'the targets are',
    ),
  }
}

function settingRules(name: string, target: EnvironmentFile['target'], kind: TargetKind): Found[] {
  const { kind: _kind, ...settings } = target
  const parsed = kind.config.safeParse(settings)
  if (parsed.success) return []
  const root = { environments: { [name]: { target } } }
  const prefix = ['environments', name, 'target']
  const keys = ['kind', ...Object.keys(kind.config.shape)]
  const example = JSON.stringify({ kind: kind.kind, ...kind.example }).replaceAll('"', '')
  return parsed.error.issues.flatMap((issue) =>
    fromIssue({ ...issue, path: [...prefix, ...issue.path] }, root, keys).map((found) =>
      issue.code === 'unrecognized_keys'
        ? found
        : { ...found, hint: `for example \`target: ${example.replaceAll(/[:,]/g, '$& ')}\`` },
    ),
  )
}

const isSet = (value: unknown): boolean =>
  typeof value === 'object' && value !== null
    ? Object.keys(value).length > 0
    : value !== undefined && value !== false

/** What does not work on several hosts yet. */
function severalHostsRules(
  name: string,
  environment: EnvironmentFile,
  { services }: Pick<File, 'services'>,
): Found[] {
  const { hosts = environment.target.labels } = environment.target
  if (!Array.isArray(hosts)) return []
  const isByLabels = environment.target.hosts === undefined
  const refuse = (key: Path, problem: string, hint: string): Found => ({
    path: ['environments', name, ...key],
    atKey: true,
    problem: `environment \`${name}\` has several hosts, ${problem}`,
    hint,
  })
  const found: Found[] = []
  const [exclusive] = Object.entries(services).find(([, one]) => one.keeps || one.single) ?? []
  if (exclusive !== undefined)
    found.push(
      refuse(
        ['target'],
        `each of which would run the service \`${exclusive}\`, which must not run twice`,
        'give the service an app of its own, with one host',
      ),
    )
  if (environment.strategy === 'canary' && environment.canary.session !== undefined)
    found.push(
      refuse(
        ['canary', 'session'],
        'each of which would count a session for itself',
        'remove `session`, or use one host',
      ),
    )
  if (environment.domains.length > 0)
    found.push(
      refuse(
        ['domains'],
        'which do not share certificates',
        'put a proxy with TLS in front of the hosts',
      ),
    )
  const own = Object.keys(environment.hosts ?? {}).find((one) => isByLabels || hosts.includes(one))
  if (own !== undefined)
    found.push(
      refuse(
        ['hosts', own],
        'which all get the same variables',
        'move the variables to `env` of the environment',
      ),
    )
  return found
}

type Refuse = (capability: TargetCapability, key: Path, has: string, cannot: string) => Found

/** A target runs images, or commands without an image. */
function imageRules(
  name: string,
  environment: EnvironmentFile,
  services: File['services'],
  { kind, capabilities }: TargetKind,
  refuse: Refuse,
): Found[] {
  const entries = Object.entries(services)
  if (!capabilities.includes('images')) {
    const [service] = entries.find(([, { image }]) => image !== undefined) ?? []
    if (service === undefined) return []
    return [refuse('images', ['target'], `the image of \`${service}\``, 'runs no images')]
  }
  if (environment.before !== undefined)
    return [
      {
        path: ['environments', name, 'before'],
        atKey: true,
        problem: `environment \`${name}\` has \`before\`, which \`${kind}\` does not run`,
        hint: 'run the command when the service starts, or use the target process',
      },
    ]
  const [service] =
    entries.find(([, one]) => one.run !== undefined && one.image === undefined) ?? []
  if (service === undefined) return []
  return [
    {
      path: ['environments', name, 'target'],
      atKey: true,
      problem:
        `environment \`${name}\` has the target \`${kind}\`, ` +
        `but the service \`${service}\` has no \`image\``,
      hint: `add the image in which its command runs, such as \`image: node@sha256:…\``,
    },
  ]
}

function capabilityRules(
  name: string,
  environment: EnvironmentFile,
  { services }: File,
  { kind, kinds }: { kind: TargetKind; kinds: readonly TargetKind[] },
): Found[] {
  const lacks = (capability: TargetCapability): boolean => !kind.capabilities.includes(capability)
  const refuse = (capability: TargetCapability, key: Path, has: string, cannot: string): Found => {
    const able = kinds.filter((one) => one.capabilities.includes(capability))
    return {
      path: ['environments', name, ...key],
      atKey: true,
      problem: `environment \`${name}\` has ${has}, but its target \`${kind.kind}\` ${cannot}`,
      hint: `remove it, or use a target that can: ${able.map((one) => one.kind).join(', ')}`,
    }
  }
  const found: Found[] = []
  const command = Object.keys(services).find((service) => services[service]?.run !== undefined)
  if (command !== undefined && lacks('commands'))
    found.push(
      refuse('commands', ['target'], `the service \`${command}\` with \`run\``, 'runs no commands'),
    )
  found.push(...imageRules(name, environment, services, kind, refuse))
  if (environment.port !== undefined && lacks('port'))
    found.push(refuse('port', ['port'], '`port`', 'listens on no port'))
  if (environment.domains.length > 0 && lacks('port'))
    found.push(refuse('port', ['domains'], '`domains`', 'has no edge'))
  if (Object.values(environment.edge).some(isSet) && lacks('port'))
    found.push(refuse('port', ['edge'], '`edge`', 'has no edge'))
  const [withPaths] = Object.entries(services).find(([, { paths }]) => paths.length > 0) ?? []
  if (withPaths !== undefined && lacks('port'))
    found.push(refuse('port', ['target'], `the paths of \`${withPaths}\``, 'has no edge'))
  const several = Object.keys(services).find((service) => (services[service]?.instances ?? 1) > 1)
  if (environment.instances !== undefined && environment.instances > 1 && lacks('instances'))
    found.push(refuse('instances', ['instances'], '`instances`', 'runs one instance only'))
  else if (several !== undefined && environment.instances === undefined && lacks('instances'))
    found.push(
      refuse(
        ...['instances' as const, ['target'], `\`instances\` of the service \`${several}\``],
        'runs one instance only',
      ),
    )
  if (environment.strategy !== 'canary') return found
  if (lacks('share'))
    found.push(
      refuse(
        ...['share' as const, ['strategy'], '`strategy: canary`'],
        'cannot split the traffic between two releases',
      ),
    )
  const exposed = Object.entries(environment.canary.metrics).find(
    ([, metric]) => metric.route === undefined && metric.prometheus === undefined,
  )
  if (exposed && lacks('metrics'))
    found.push(
      refuse(
        ...['metrics' as const, ['canary', 'metrics', exposed[0]], `the metric \`${exposed[0]}\``],
        'reads no metrics of its instances',
      ),
    )
  return found
}
