import { FairleadError } from '#contract/errors.ts'
import { referenceOf } from '#domains/configuration/configuration.ts'
import { getStored, sealedAs } from '#domains/configuration/store.ts'
import type { StepContext } from '#engine/workflow.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { planChange, type RequestedChange } from './plan-change.ts'
import type { ConfigurationInput } from './start-configuration.ts'

/**
 * Makes the change of a configuration that is live in the next environment, too, which passes it on
 * in turn. Environments that have the values already, or in which nothing is live, are not waited
 * for.
 */
export async function passOn(
  deps: Dependencies,
  step: StepContext,
  input: ConfigurationInput,
  version: number,
): Promise<null> {
  const { app, environment, actor, passesOn } = input
  const { also = [], names = [] } = passesOn ?? {}
  const change = await changeTo(deps, { app, environment, version, names })
  for (const [index, next] of also.entries()) {
    const request = { ...change, app, environment: next, also: also.slice(index + 1) }
    const planned = await planChange(deps, request, actor).catch((error: unknown) => {
      if (error instanceof FairleadError) return error
      throw error
    })
    if (planned instanceof FairleadError) {
      noteStop(step, input, also.slice(index), `${next} refuses it: ${planned.message}`)
      return null
    }
    for (const write of planned?.writes ?? []) step.write(write)
    for (const event of planned?.events ?? []) step.emit(event)
    if (!planned?.deployment) continue
    step.start(planned.deployment.workflow)
    return null
  }
  return null
}

/** Records that the environments after this one keep their values. */
export function noteStop(
  step: StepContext,
  { app, environment }: ConfigurationInput,
  environments: string[],
  reason: string,
): void {
  if (environments.length === 0) return
  step.emit({
    type: 'dev.cdeventsx.fairlead-configuration.stopped',
    subject: `environment/${app}/${environment}`,
    ...{ app, data: { environments, reason: reason.replace(/\.$/, '') } },
  })
}

/** The change that gives some names the values that they have in a version. */
async function changeTo(
  { db, secrets: box }: Pick<Dependencies, 'db' | 'secrets'>,
  from: { app: string; environment: string; version: number; names: string[] },
): Promise<Pick<RequestedChange, 'variables' | 'secrets' | 'references'>> {
  const { app, environment, version, names } = from
  const stored = await getStored(db, app, environment, version)
  const change = {
    variables: {} as Record<string, string | null>,
    secrets: {} as Record<string, string | null>,
    references: {} as Record<string, string>,
  }
  for (const name of names) {
    const variable = ownOf(stored.variables, name)
    const secret = ownOf(stored.secrets, name)
    const reference = secret === undefined ? null : referenceOf(secret)
    if (reference !== null) change.references[name] = reference
    else if (secret !== undefined)
      change.secrets[name] = box.open(sealedAs(app, environment, name), secret, name)
    else if (variable !== undefined) change.variables[name] = variable
    else change.variables[name] = change.secrets[name] = null
  }
  return change
}

/** The value of a name that somebody chose, such as `constructor`. */
const ownOf = (values: Record<string, string>, name: string): string | undefined =>
  Object.hasOwn(values, name) ? values[name] : undefined
