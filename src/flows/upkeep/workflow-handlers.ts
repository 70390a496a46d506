import { visibleApps } from '#contract/access/grants.ts'
import { FairleadError } from '#contract/errors.ts'
import type { Caller, SomeHandlers } from '#contract/handler.ts'
import { appendEvent } from '#engine/events.ts'
import { continueWorkflow } from '#engine/records.ts'
import type { Engine } from '#engine/workflow.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import { getSuspended, listSuspended, type SuspendedWorkflow } from '#views/workflow.ts'
import { closeAbandoned } from './abandoned.ts'

type WorkflowEndpoints = 'listWorkflows' | 'continueWorkflow' | 'cancelWorkflow'

/** The way on for workflows that the engine suspended. */
export function workflowHandlers({
  db,
  engine,
}: {
  db: Database
  engine: Pick<Engine, 'cancel'>
}): SomeHandlers<WorkflowEndpoints> {
  return {
    listWorkflows: async (_input, caller) => ({
      workflows: await listSuspended(db, visibleApps(caller)),
    }),
    continueWorkflow: async ({ params }, caller) => {
      const workflow = await mustGet(db, params.workflow)
      const type = 'dev.cdeventsx.fairlead-workflow.continued'
      await db.batch([continueWorkflow(workflow.id), decided(type, workflow, caller)])
      return workflow
    },
    cancelWorkflow: async ({ params }, caller) => {
      const workflow = await mustGet(db, params.workflow)
      const type = 'dev.cdeventsx.fairlead-workflow.cancelled'
      await db.batch([decided(type, workflow, caller)])
      await engine.cancel(workflow.id)
      await closeAbandoned(db)
      return workflow
    },
  }
}

async function mustGet(db: Database, id: string): Promise<SuspendedWorkflow> {
  const workflow = await getSuspended(db, id)
  if (!workflow) throw new FairleadError('not_found', { kind: 'suspended workflow', id })
  return workflow
}

const decided = (
  type: 'dev.cdeventsx.fairlead-workflow.continued' | 'dev.cdeventsx.fairlead-workflow.cancelled',
  { id, name, chain, app }: SuspendedWorkflow,
  actor: Caller,
): Statement =>
  appendEvent({
    ...{ type, subject: `workflow/${id}`, chain, actor, data: { name } },
    ...(app === null ? {} : { app }),
  })
