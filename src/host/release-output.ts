import type { HostRelease } from '#contract/host/release.ts'
import type { LogLine } from '#contract/host/output.ts'
import { shownLines } from './log-file.ts'
import type { InstanceOutput } from './output.ts'
import type { ReleaseFolders } from './release-folders.ts'

/** The last lines of the command before the start and of the services, or of one of them. */
export function logOf(
  spec: HostRelease,
  folders: ReleaseFolders,
  name: string | undefined,
  lines: number,
): LogLine[] {
  const ofServices = spec.services
    .filter((one) => name === undefined || one.name === name)
    .flatMap((one) => folders.logsOf(one).map((file, index) => ({ one, file, index })))
    .flatMap(({ one, file, index }) =>
      shownLines(file, one, lines).map((text) => ({ ...{ service: one.name, index, text } })),
    )
  return [...beforeLogOf(spec, folders, name, lines), ...ofServices]
}

/** The last lines of the command that runs before the services; its service is `before`. */
function beforeLogOf(
  { before, services }: Pick<HostRelease, 'before' | 'services'>,
  folders: ReleaseFolders,
  name: string | undefined,
  lines: number,
): LogLine[] {
  const service = services.find((one) => one.name === before?.service)
  if (!service || (name !== undefined && name !== 'before')) return []
  return shownLines(folders.beforeLog, service, lines).map((text) => ({
    ...{ service: 'before', index: 0, text },
  }))
}

/** The files with the output of the instances of a release. */
export function outputsOf(spec: HostRelease, folders: ReleaseFolders): InstanceOutput[] {
  const { app, environment, release, services } = spec
  return services.flatMap((service) =>
    folders.logsOf(service).map((file, index) => ({
      key: [app, environment, release, service.name, index].join('/'),
      file,
      service,
    })),
  )
}
