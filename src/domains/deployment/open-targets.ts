import { isDeepStrictEqual } from 'node:util'
import {
  defaultTarget,
  type TargetChoice,
  type TargetDescription,
} from '#contract/deployment/target.ts'
import { FairleadError } from '#contract/errors.ts'
import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import type { Target, TargetDefinition, TargetIo } from './target.ts'

/** A target that is ready for use. */
export interface OpenTarget extends Target, TargetDescription {
  /** equal for two choices that hold the same things */
  id: string
  /** the hosts on other machines that it is on */
  hostNames: string[]
}

/** Opens the target that an environment or a release names. */
export interface Targets {
  of(choice: TargetChoice): OpenTarget
}

export function createTargets(definitions: readonly TargetDefinition[], io: TargetIo): Targets {
  return {
    of: ({ kind, ...settings }) => {
      const definition = definitions.find((one) => one.kind === kind)
      if (!definition)
        throw new FairleadError('not_now', {
          why: `This version of Fairlead has no target \`${kind}\`; install one that has it`,
        })
      const config = definition.config.parse(settings)
      const { capabilities } = definition
      const names = hostsOf(settings)
      const where = `the host${names.length > 1 ? 's' : ''} ${names.join(', ')}`
      const title =
        names.length === 0 ? definition.title : definition.title.replace('this machine', where)
      const id = `${definition.place ?? kind} ${definition.identity(config)}`
      const description = { id, hostNames: names, kind, title, capabilities: [...capabilities] }
      return { ...definition.open(config, io), ...description }
    },
  }
}

/** The target of a release: what its fairlead.yaml says of its environment. */
export function targetOf(
  definition: Pick<PipelineFile, 'environments'>,
  environment: string,
): TargetChoice {
  // Definitions that were stored before there were targets have none.
  const file = definition.environments[environment] as { target?: TargetChoice } | undefined
  return file?.target ?? defaultTarget
}

/** The hosts that the settings of a target name; none for the machine of the server. */
export function hostsOf({ host, hosts }: Omit<TargetChoice, 'kind'>): string[] {
  if (typeof host === 'string') return [host]
  return Array.isArray(hosts) ? hosts.filter((one) => typeof one === 'string') : []
}

/** The parts of a target that another one has too, and that only it has. */
export function partsOf(
  target: OpenTarget,
  other: Pick<OpenTarget, 'id' | 'hostNames'>,
): { shared: OpenTarget | null; apart: OpenTarget | null } {
  const placeOf = ({ id }: Pick<OpenTarget, 'id'>): string => id.split(' ', 1).join('')
  const isSamePlace = placeOf(target) === placeOf(other)
  const shared = target.hostNames.filter((name) => isSamePlace && other.hostNames.includes(name))
  if (target.id === other.id || (shared.length > 0 && shared.length === target.hostNames.length))
    return { shared: target, apart: null }
  if (shared.length === 0 || !target.hosts) return { shared: null, apart: target }
  const rest = target.hostNames.filter((name) => !shared.includes(name))
  return {
    shared: { ...target, ...target.hosts.on(shared) },
    apart: { ...target, ...target.hosts.on(rest) },
  }
}

/** The choices without those that equal an earlier one. */
export function distinctTargets(choices: TargetChoice[]): TargetChoice[] {
  return choices.filter(
    (one, index) => choices.findIndex((other) => isDeepStrictEqual(one, other)) === index,
  )
}
