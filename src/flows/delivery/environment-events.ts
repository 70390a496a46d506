import type { WorkflowEvent } from '#contract/events.ts'
import {
  type EnvironmentFile,
  environmentFile,
  type PipelineFile,
} from '#contract/pipeline-file/pipeline-file.ts'
import type { StoredEnvironment } from '#domains/deployment/store.ts'

type EnvironmentEvent = WorkflowEvent<
  'dev.cdevents.environment.created' | 'dev.cdevents.environment.modified'
>

/** The environments of the line of an app that are not planned any more. Pure. */
export const leavingEnvironments = <E extends Known>(
  app: string,
  known: E[],
  next: { name: string }[],
): E[] =>
  known.filter(
    (one) =>
      one.app === app &&
      one.pullRequest === null &&
      one.isInFile &&
      !next.some(({ name }) => name === one.name),
  )

type Known = Pick<
  StoredEnvironment,
  'app' | 'name' | 'position' | 'port' | 'pullRequest' | 'isInFile'
>

/**
 * One event for each environment that is new, that left the file, or whose definition differs from
 * before. Pure.
 */
export function environmentEvents({
  app,
  known,
  next,
  released,
  before,
  run,
}: {
  app: string
  /** the stored environments of all apps */
  known: Known[]
  next: {
    app: string
    name: string
    position: number
    port: number | null
    file: EnvironmentFile
  }[]
  /** the names of environments that lose their port and are not planned */
  released: string[]
  /** the definition of the run before; null for the first one */
  before: PipelineFile | null
  run: number
}): EnvironmentEvent[] {
  const modified = (name: string, changed: string[]): EnvironmentEvent => ({
    type: 'dev.cdevents.environment.modified',
    subject: `environment/${app}/${name}`,
    data: { changed: [...new Set(changed)], run },
  })
  const left = leavingEnvironments(app, known, next).map(({ name }) => name)
  const notPlanned = [...new Set([...left, ...released])].map((name) =>
    modified(name, [
      ...(left.includes(name) ? ['removed from fairlead.yaml'] : []),
      ...(released.includes(name) ? ['port'] : []),
    ]),
  )
  const planned = next.flatMap((environment): EnvironmentEvent[] => {
    const { name, port, position, file } = environment
    const subject = `environment/${app}/${name}`
    const old = known.find((one) => one.app === app && one.name === name)
    if (!old) return [{ type: 'dev.cdevents.environment.created', subject, data: { port } }]
    const changed = [
      ...(old.isInFile ? [] : ['added to fairlead.yaml again']),
      ...(old.position === position ? [] : ['order']),
      ...(old.port === port ? [] : ['port']),
      ...changedKeys(before?.environments[name], file),
    ]
    return changed.length === 0 ? [] : [modified(name, changed)]
  })
  return [...planned, ...notPlanned]
}

/** The keys of `fairlead.yaml` whose values differ. A key that is absent has its default. */
function changedKeys(before: EnvironmentFile | undefined, after: EnvironmentFile): string[] {
  if (before === undefined) return []
  const [defaults, old, now]: Record<string, unknown>[] = [environmentFile.parse({}), before, after]
  const value = (file: Record<string, unknown> | undefined, key: string): string | undefined =>
    JSON.stringify(file?.[key] ?? defaults?.[key])
  const keys = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...keys].filter((key) => value(old, key) !== value(now, key))
}
