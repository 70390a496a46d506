import type { Change } from '#contract/app/app.ts'
import { type Actor, nameOfActor } from '#contract/event/event.ts'
import type { Run } from '#contract/run/run.ts'
import { insertRun, nextRunId } from '#domains/pipeline/store.ts'
import { appendEvent } from '#engine/events.ts'
import type { Engine } from '#engine/workflow.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import type { DeliveryInput } from './input.ts'

/**
 * The statements that store a new run of a change with its event and workflow. Execute them in the
 * batch that stores the cause of the run.
 */
export async function queueDelivery(
  db: Database,
  engine: Engine,
  change: Pick<Change, 'app' | 'sha' | 'chain'>,
  options: {
    actor: Actor
    retryOf: number | null
    trigger?: Run['trigger']
    /** parameters for the steps */
    parameters?: Record<string, string>
    pullRequest?: DeliveryInput['pullRequest']
  },
): Promise<{ run: number; statements: Statement[] }> {
  const run = await nextRunId(db)
  const { trigger = 'push', parameters = {}, pullRequest } = options
  const input: DeliveryInput = {
    ...{ run, app: change.app, sha: change.sha, actor: nameOfActor(options.actor) },
    ...(pullRequest ? { pullRequest } : {}),
  }
  return {
    run,
    statements: [
      insertRun({
        id: run,
        app: change.app,
        sha: change.sha,
        retryOf: options.retryOf,
        trigger,
        parameters,
        pullRequest,
      }),
      appendEvent({
        type: 'dev.cdevents.pipelinerun.queued',
        subject: `run/${run}`,
        chain: change.chain,
        app: change.app,
        actor: options.actor,
        data: {
          sha: change.sha,
          retryOf: options.retryOf,
          trigger,
          ...(pullRequest ? { pullRequest: pullRequest.number } : {}),
        },
      }),
      ...engine.startStatements({
        id: `delivery/${run}`,
        name: pullRequest ? 'pull_request' : 'delivery',
        chain: change.chain,
        input,
      }),
    ],
  }
}
