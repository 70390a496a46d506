import type { ConfigurationRestart } from '#contract/configuration/restart.ts'
import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { usedBy } from '#domains/configuration/used.ts'
import * as store from '#domains/deployment/store.ts'
import { isExclusive } from '#domains/scale/rules.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { liveDeployment } from '#views/deployment.ts'
import { templatesOf } from './configuration-files.ts'
import { expectPauses } from './expected-pauses.ts'

/** What a change of some values would do to the services of the live release that run once. */
export async function configurationRestarts(
  deps: Pick<Dependencies, 'db' | 'source'>,
  { app, environment }: { app: string; environment: string },
  names: string[],
): Promise<ConfigurationRestart[]> {
  const live = await liveDeployment(deps.db, app, environment)
  const release = live && (await store.getRelease(deps.db, live.release))
  if (!release) return []
  const templates = await templatesOf(deps, release, environment)
  const effects = effectsOf(release.definition.services, templates, names)
  if (effects.length === 0) return []
  const last = await expectPauses(deps.db, app, environment)
  return effects.map(({ service, did }) => {
    const pause = last.find((one) => one.service === service)
    const { pauseMs = null, deployment = null } = pause ?? {}
    return { service, did, pauseMs, deployment }
  })
}

/** The services that run once and use one of the names, and what a change does to them. Pure. */
export function effectsOf(
  services: PipelineFile['services'],
  templates: { service: string; names: string[] }[],
  names: string[],
): Pick<ConfigurationRestart, 'service' | 'did'>[] {
  return Object.entries(services).flatMap(([service, file]) => {
    if (!isExclusive(file)) return []
    if (names.some(usedBy(file).hasVariable)) return [{ service, did: 'restarted' as const }]
    const isRead = templates.some(
      (one) => one.service === service && one.names.some((name) => names.includes(name)),
    )
    if (!isRead) return []
    return [{ service, did: file.reload === undefined ? 'restarted' : 'reloaded' }]
  })
}
