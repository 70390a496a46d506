import { join } from 'node:path'
import type { HostService } from '#contract/host/service.ts'
import { commandOf, environmentOf } from '../start.ts'
import type { RehearsalPlan, StageInstance, StagePlan } from './plan.ts'
import { softwareOf, wordsOf } from './words.ts'

/** The first port of services that no other service connects to. */
const firstPort = 12_100

/**
 * What the stage starts before the second instance: the services with data of a release, and its
 * command before the start.
 */
export function stageBefore(plan: RehearsalPlan): Pick<StagePlan, 'first' | 'before'> {
  const { after } = plan
  if (after === null) return { first: [], before: null }
  const { services, before } = after.release
  const first = services
    .filter(({ exclusive, run }) => exclusive?.keeps && run !== undefined)
    .map((service, index) => instanceOf(plan, after, service, firstPort + index))
  const service = services.find(({ name }) => name === before?.service)
  if (!before || !service) return { first, before: null }
  const { env, cwd } = instanceOf(plan, after, service, null)
  return { first, before: { command: ['/bin/sh', '-c', before.run], cwd, env } }
}

function instanceOf(
  { dataFolder, path, isolation, place, switches }: RehearsalPlan,
  { release, folder, configFolder }: NonNullable<RehearsalPlan['after']>,
  service: HostService,
  free: number | null,
): StageInstance {
  const port = free !== null && service.port ? (service.exclusive?.listens ?? free) : null
  const env = {
    ...environmentOf({
      ...{ release, service, index: 0, port, path, isolation, switches },
      dataFolder: service.exclusive?.keeps ? join(dataFolder, service.name) : dataFolder,
      configFolder: join(configFolder, service.name),
      metricsFile: join(place, 'tmp', 'metrics'),
    }),
    FAIRLEAD_REHEARSAL: 'true',
  }
  const words = wordsOf(service.run ?? '', env)
  return {
    ...{ command: commandOf({ service, folder }), cwd: join(folder, service.directory), env },
    ...{ port, service, words, software: softwareOf(words).name },
  }
}
