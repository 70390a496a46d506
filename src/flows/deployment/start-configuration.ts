import type { Actor } from '#contract/event/event.ts'
import type { NewEvent } from '#contract/events.ts'
import * as store from '#domains/deployment/store.ts'
import type { NewWorkflow } from '#engine/workflow.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import { facts } from './planned-deployment.ts'

export interface ConfigurationInput {
  /** the new deployment and release, whose rows are stored */
  deployment: number
  release: number
  app: string
  environment: string
  actor: string
  /** whether it waits for approvals and freezes */
  asksPermission?: boolean
  passesOn?: PassesOn
}

/** What follows when a changed configuration is live. */
export interface PassesOn {
  /** the environments that get the same change, in this order */
  also: string[]
  /** the variables and secrets that were set or removed */
  names: string[]
}

/**
 * The rows, the event and the workflow that deploy a version of the configuration with the artifact
 * of a release, to be stored in one transaction.
 */
export async function startConfiguration(
  db: Dependencies['db'],
  release: store.Release,
  {
    chain,
    actor,
    by,
    version,
    asksPermission,
    passesOn,
  }: {
    chain: string
    actor: string
    by: Actor
    version: number
    asksPermission: boolean
    passesOn?: PassesOn | undefined
  },
): Promise<{ deployment: number; writes: Statement[]; event: NewEvent; workflow: NewWorkflow }> {
  const ids = await store.nextIds(db)
  const { app, environment, run, sha } = release
  const workflow = `configuration/${ids.deployment}`
  const input: ConfigurationInput = {
    ...{
      deployment: ids.deployment,
      release: ids.release,
      app,
      environment,
      actor,
      asksPermission,
    },
    ...(passesOn && passesOn.also.length > 0 ? { passesOn } : {}),
  }
  return {
    deployment: ids.deployment,
    writes: [
      store.insertRelease({ ...release, id: ids.release, configuration: version }),
      store.insertDeployment({
        ...{
          id: ids.deployment,
          app,
          environment,
          kind: 'configuration',
          run,
          release: ids.release,
          actor,
          workflow,
        },
      }),
    ],
    event: {
      type: 'dev.cdeventsx.fairlead-deployment.waiting',
      subject: `deployment/${ids.deployment}`,
      chain,
      app,
      actor: by,
      data: facts({ environment, kind: 'configuration', run, release: ids.release, sha }),
    },
    workflow: { id: workflow, name: 'configuration', chain, input },
  }
}
