import type { ServiceFile } from '#contract/pipeline-file/service-file.ts'
import { type OpenTarget, partsOf } from './open-targets.ts'

/**
 * The rules by which a service that never runs twice moves to another target: it starts there when
 * every target that may run it has said that it is dead. Pure.
 */

type Services = Record<string, Pick<ServiceFile, 'keeps' | 'single'>>

/** The services of a release that never run twice at once. */
export const onceServices = (services: Services): string[] =>
  Object.keys(services).filter((name) => services[name]?.keeps || services[name]?.single)

/** The services that keep data in two releases. Data does not move to another target. */
export const keptInBoth = (before: Services, next: Services): string[] =>
  Object.keys(next).filter((name) => next[name]?.keeps && before[name]?.keeps)

/** The parts of other targets that may run services of an environment, beside its own target. */
export const targetsElsewhere = (own: OpenTarget, holding: OpenTarget[]): OpenTarget[] =>
  holding.flatMap((target) => partsOf(target, own).apart ?? [])

/** Why data does not move, in one sentence. `from` is the title of the former target. */
export const keptWords = (service: string, from: string): string =>
  `${service} keeps data, which does not move with a release, and the live release runs it on ` +
  `another target (${from}): deliver a change without ${service} first, move its data, and then ` +
  `deliver ${service} with the new target`

/** Why nothing shows that services are dead, in one sentence. */
export function silentWords(services: string[], { title, hostNames }: OpenTarget): string {
  const [host] = hostNames
  const forget =
    host === undefined
      ? ''
      : `, or remove it with \`fairlead hosts remove ${host} --forget\` when its machine is off`
  return (
    `${services.join(' and ')} must never run twice at once, and may still run on another target ` +
    `(${title}), which does not answer: try again when it does${forget}`
  )
}
