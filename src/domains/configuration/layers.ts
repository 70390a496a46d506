import type { RenderedFile } from '#contract/pipeline-file/configuration-file.ts'
import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { effectiveEnvironment } from './configuration.ts'
import { pick, usedBy } from './used.ts'

type Definition = Pick<PipelineFile, 'services' | 'environments' | 'config'>

/** A service in an environment, on a machine. */
export interface ServicePlace {
  environment: string
  service: string
  /** the host name of the machine that runs it */
  host: string
}

/** The variables of a service, the broadest layer first: service, environment, host, set. */
export function serviceValues(
  { services, environments }: Definition,
  { environment, service, host }: ServicePlace,
  { variables, secrets }: { variables: Record<string, string>; secrets: Record<string, string> },
): Record<string, string> {
  const file = environments[environment]
  const ofHost = file?.hosts?.[host]?.env
  return effectiveEnvironment(
    { ...services[service]?.env, ...file?.env, ...ofHost },
    variables,
    secrets,
  )
}

/** The configuration files of a service: its own, and those of the app and environment it uses. */
export function serviceFiles(
  { services, environments, config }: Definition,
  { environment, service }: Omit<ServicePlace, 'host'>,
): Record<string, RenderedFile> {
  const shared = { ...config?.files, ...environments[environment]?.config?.files }
  return {
    ...pick(shared, usedBy(services[service]).hasFile),
    ...services[service]?.config?.files,
  }
}
