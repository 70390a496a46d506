import type { Actor } from '#contract/event/event.ts'
import { nameOfActor } from '#contract/event/event.ts'
import { FairleadError } from '#contract/errors.ts'
import type { NewEvent } from '#contract/events.ts'
import {
  applyChange,
  type ConfigurationChange,
  namesOf,
  type StoredConfiguration,
} from '#domains/configuration/configuration.ts'
import { getNewest, insertConfiguration, sealedAs } from '#domains/configuration/store.ts'
import * as store from '#domains/deployment/store.ts'
import type { NewWorkflow } from '#engine/workflow.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { readBranchFile } from '#flows/delivery/branch-file.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import { liveDeployment } from '#views/deployment.ts'
import { type Commit, configurationProblems, sentenceOf } from './configuration-files.ts'
import { permissionRules } from './permission.ts'
import { startConfiguration } from './start-configuration.ts'

export interface RequestedChange extends ConfigurationChange {
  app: string
  environment: string
  /** the environments that get the same change, each after it is live in the one before */
  also: string[]
}

/** What stores a version of a configuration and starts its deployment, in one transaction. */
export interface PlannedChange {
  writes: Statement[]
  events: NewEvent[]
  /** null where no release is live: the version applies from the next deployment on */
  deployment: { id: number; workflow: NewWorkflow } | null
}

/**
 * Plans the next version of a configuration; null when nothing changes. Throws a FairleadError when
 * the schema or the templates do not allow it.
 */
export async function planChange(
  deps: Dependencies,
  request: RequestedChange,
  by: Actor,
): Promise<PlannedChange | null> {
  const { app, environment } = request
  const { newest, waiting, highest } = await getNewest(deps.db, app, environment)
  const result = applyChange(newest, request, ...boxOf(deps, app, environment))
  if (!result) return null
  const live = await liveDeployment(deps.db, app, environment)
  const release = live ? await store.getRelease(deps.db, live.release) : null
  await mustBeValid(deps, { app, environment, release }, { now: newest, next: result.next })
  const rules =
    release && (await permissionRules(deps, { app, environment, definition: release.definition }))
  const asksPermission = rules !== null && rules.freezes.length + rules.approvals.length > 0
  const version = highest + 1
  const actor = nameOfActor(by)
  const changed = [...new Set([...waiting, ...result.changed])].sort()
  const chain = live?.change.chain ?? `configuration/${app}/${environment}/${version}`
  const state = asksPermission ? 'waiting' : 'in_force'
  const values = { ...result.next, version }
  const next =
    release &&
    (await startConfiguration(deps.db, release, {
      ...{ chain, actor, by, version, asksPermission },
      passesOn: { also: request.also, names: namesOf(request, result.next) },
    }))
  return {
    writes: [
      insertConfiguration(app, environment, values, changed, actor, state),
      ...(next?.writes ?? []),
    ],
    events: [
      {
        type: 'dev.cdeventsx.fairlead-configuration.changed',
        subject: `environment/${app}/${environment}`,
        ...{ chain, app, actor: by, data: { version, changed } },
      },
      ...(next ? [next.event] : []),
    ],
    deployment: next && { id: next.deployment, workflow: next.workflow },
  }
}

/** Seals and opens the secrets of an environment. */
function boxOf({ secrets }: Pick<Dependencies, 'secrets'>, app: string, environment: string) {
  const boundTo = (name: string): string => sealedAs(app, environment, name)
  return [
    (name: string, value: string) => secrets.seal(boundTo(name), value),
    (name: string, sealed: string) => secrets.open(boundTo(name), sealed, name),
  ] as const
}

/**
 * Refuses values that the schema or the templates do not allow. What was wrong before the change
 * does not prevent it.
 */
async function mustBeValid(
  deps: Dependencies,
  {
    app,
    environment,
    release,
  }: { app: string; environment: string; release: store.Release | null },
  { now, next }: { now: StoredConfiguration; next: StoredConfiguration },
): Promise<void> {
  const commit = release ?? (await headOf(deps, app))
  if (commit === null) return
  const after = await configurationProblems(deps, commit, environment, next)
  if (after.length === 0) return
  const before = (await configurationProblems(deps, commit, environment, now)).map(sentenceOf)
  const added = after.find((one) => !before.includes(sentenceOf(one)))
  if (added)
    throw new FairleadError('invalid_input', {
      field: added.name ?? 'configuration',
      problem: added.problem,
    })
}

async function headOf({ source }: Dependencies, app: string): Promise<Commit | null> {
  const head = (await source.stored(app))?.head ?? null
  const definition = head === null ? null : await readBranchFile(source, app)
  return head === null || definition === null ? null : { app, sha: head, definition }
}
