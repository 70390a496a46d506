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

/** Pure: one event for each environment that is new or whose definition differs from before. */
export function environmentEvents({
  known,
  next,
  before,
  run,
}: {
  /** the stored environments of all apps */
  known: Pick<StoredEnvironment, 'app' | 'name' | 'position' | 'port'>[]
  next: {
    app: string
    name: string
    position: number
    port: number | null
    file: EnvironmentFile
  }[]
  /** the definition of the run before; null for the first one */
  before: PipelineFile | null
  run: number
}): WorkflowEvent<'dev.cdevents.environment.created' | 'dev.cdevents.environment.modified'>[] {
  return next.flatMap((environment): EnvironmentEvent[] => {
    const { app, name, port, position, file } = environment
    const subject = `environment/${app}/${name}`
    const old = known.find((one) => one.app === app && one.name === name)
    if (!old) return [{ type: 'dev.cdevents.environment.created', subject, data: { port } }]
    const changed = [
      ...(old.position === position ? [] : ['order']),
      ...(old.port === port ? [] : ['port']),
      ...changedKeys(before?.environments[name], file),
    ]
    if (changed.length === 0) return []
    const data = { changed: [...new Set(changed)], run }
    return [{ type: 'dev.cdevents.environment.modified', subject, data }]
  })
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
