import type { LayerValue } from '#contract/configuration/comparison.ts'
import { referenceOf, type StoredConfiguration } from './configuration.ts'

/** The values that fairlead.yaml sets: of each service, and of the environment. */
export interface FileValues {
  services: Record<string, Record<string, string>>
  environment: Record<string, string>
  /** of the environment on this machine */
  host: Record<string, string>
}

const valueOf = (values: Record<string, string>, name: string): string | undefined =>
  Object.hasOwn(values, name) ? values[name] : undefined

/** Every name that is set in a layer, in alphabetical order. */
export function namesOf(
  { services, environment, host }: FileValues,
  { variables, secrets }: Pick<StoredConfiguration, 'variables' | 'secrets'>,
): string[] {
  const layers = [...Object.values(services), environment, host, variables, secrets]
  return [...new Set(layers.flatMap((values) => Object.keys(values)))].sort()
}

/** The values of a name in all layers, the broadest first; the last one is what services get. */
export function explain(
  name: string,
  { services, environment, host }: FileValues,
  { variables, secrets }: Pick<StoredConfiguration, 'variables' | 'secrets'>,
): LayerValue[] {
  const stored = valueOf(secrets, name)
  const plain = (layer: LayerValue['layer'], service: string | null, value: string | undefined) =>
    value === undefined ? [] : [{ layer, service, value, isSecret: false, reference: null }]
  const ofServices = Object.entries(services).flatMap(([service, values]) =>
    plain('service', service, valueOf(values, name)),
  )
  const ofEnvironment = plain('environment', null, valueOf(environment, name))
  const ofHost = plain('host', null, valueOf(host, name))
  const ofConfiguration =
    stored === undefined
      ? plain('configuration', null, valueOf(variables, name))
      : [
          {
            ...{ layer: 'configuration' as const, service: null, value: null, isSecret: true },
            reference: referenceOf(stored),
          },
        ]
  const all = [ofServices, ofEnvironment, ofHost, ofConfiguration]
  return all.flatMap((values, index) => {
    const isOverridden = all.slice(index + 1).some((later) => later.length > 0)
    return values.map((value) => ({ ...value, isOverridden }))
  })
}
