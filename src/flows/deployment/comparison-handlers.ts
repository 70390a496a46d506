import type { Explanation } from '#contract/configuration/comparison.ts'
import { FairleadError } from '#contract/errors.ts'
import type { SomeHandlers } from '#contract/handler.ts'
import { compare } from '#domains/configuration/compare.ts'
import { referenceOf, type StoredConfiguration } from '#domains/configuration/configuration.ts'
import { explain, type FileValues, namesOf } from '#domains/configuration/explain.ts'
import { ruleOf } from '#domains/configuration/schema.ts'
import {
  configuredEnvironments,
  getStored,
  lastChanges,
  sealedAs,
} from '#domains/configuration/store.ts'
import * as store from '#domains/deployment/store.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { liveDeployment } from '#views/deployment.ts'
import { readSchema, templatesOf } from './configuration-files.ts'
import { mustBeKnown, mustExist } from './configuration-handlers.ts'
import { configurationRestarts } from './configuration-restarts.ts'
import { compareFiles, type Side, shownFiles } from './shown-files.ts'
import { hostNameOf } from './targets.ts'

/** The endpoints that explain and compare configurations. They reveal no value of a secret. */
export function comparisonHandlers(
  deps: Dependencies,
): SomeHandlers<
  | 'explainConfiguration'
  | 'explainConfigurations'
  | 'listConfigurationRestarts'
  | 'listConfiguredEnvironments'
  | 'compareConfigurations'
  | 'listConfigurationFiles'
> {
  const { db } = deps
  return {
    explainConfiguration: async ({ params, query: { name } }) =>
      (await explainer(deps, params)).explain(name),
    explainConfigurations: async ({ params }) => {
      const { names, explain } = await explainer(deps, params)
      return { explanations: names.map(explain) }
    },
    listConfigurationRestarts: async ({ params, query: { names } }) => {
      await mustBeKnown(deps, params.app, params.environment)
      return { restarts: await configurationRestarts(deps, params, names.split(',')) }
    },
    listConfiguredEnvironments: async ({ params: { app } }) => {
      await mustExist(deps, app)
      return { environments: await configuredEnvironments(db, app) }
    },
    listConfigurationFiles: async ({ params: { app, environment } }) => {
      await mustBeKnown(deps, app, environment)
      return { files: await shownFiles(deps, app, environment) }
    },
    compareConfigurations: async ({ params: { app, environment }, query }) => {
      await mustBeKnown(deps, app, environment)
      const other = query.other ?? environment
      if (other !== environment) await mustBeKnown(deps, app, other)
      const live = await liveDeployment(db, app, environment)
      // Without another side, what runs is compared with what is set.
      const running = query.other === undefined ? live?.configuration : undefined
      const before = await mustGet(deps, app, other, query.otherVersion ?? running)
      const after = await mustGet(deps, app, environment, query.version)
      const release = live && (await store.getRelease(db, live.release))
      const isSame = (name: string): boolean => isSameSecret(deps, app, name, [before, after])
      return {
        files: release ? await compareFiles(deps, release, before, after, isSame) : [],
        before: { environment: other, version: before.values.version },
        after: { environment, version: after.values.version },
        differences:
          other === environment
            ? compare(before.values, after.values, isSame)
            : compare(await withFile(deps, app, before), await withFile(deps, app, after), isSame),
      }
    },
  }
}

/** The names that are set in an environment, and a function that explains one. */
async function explainer(
  deps: Dependencies,
  { app, environment }: { app: string; environment: string },
): Promise<{ names: string[]; explain(name: string): Explanation }> {
  const { db } = deps
  await mustBeKnown(deps, app, environment)
  const [now, set, live] = await Promise.all([
    getStored(db, app, environment),
    lastChanges(db, { app, environment }),
    liveDeployment(db, app, environment),
  ])
  const release = live && (await store.getRelease(db, live.release))
  const host = release ? hostNameOf(deps, release.definition, environment) : deps.hostName
  const file = fileValues(release?.definition ?? null, { environment, host })
  const readers = release ? await templatesOf(deps, release, environment) : []
  const schema = release && (await readSchema(deps, release))
  const running = live && (await getStored(db, app, environment, live.configuration))
  return {
    names: namesOf(file, now),
    explain: (name) => ({
      ...{ name, set: set.get(name) ?? null, layers: explain(name, file, now) },
      files: readers.flatMap(({ service, path, names: read }) =>
        read.includes(name) ? [{ service, path }] : [],
      ),
      rule: schema === null ? null : ruleOf(schema, name),
      running: live && {
        deployment: live.id,
        isSame: running !== null && isSame(deps, app, environment, { now, running, name }),
      },
    }),
  }
}

async function mustGet(
  { db }: Dependencies,
  app: string,
  environment: string,
  version: number | undefined,
): Promise<Side> {
  const values = await getStored(db, app, environment, version)
  if (version !== undefined && values.version !== version)
    throw new FairleadError('not_found', {
      kind: `version of the configuration of ${app}/${environment}`,
      id: version,
    })
  return { environment, values }
}

/** The values that services get: those that people set, over those of fairlead.yaml. */
async function withFile(
  deps: Dependencies,
  app: string,
  { environment, values: { variables, secrets } }: Side,
): Promise<Pick<StoredConfiguration, 'variables' | 'secrets'>> {
  const live = await liveDeployment(deps.db, app, environment)
  const release = live && (await store.getRelease(deps.db, live.release))
  const host = release ? hostNameOf(deps, release.definition, environment) : deps.hostName
  const file = fileValues(release?.definition ?? null, { environment, host })
  const all = { ...file.environment, ...file.host, ...variables }
  const services = Object.values(file.services).toReversed()
  const plain = Object.entries(Object.assign({}, ...services, all) as Record<string, string>)
  const isPlain = ([name]: [string, string]): boolean => !Object.hasOwn(secrets, name)
  return { variables: Object.fromEntries(plain.filter(isPlain)), secrets }
}

function fileValues(
  definition: store.Release['definition'] | null,
  { environment, host }: { environment: string; host: string },
): FileValues {
  const services = Object.entries(definition?.services ?? {})
  return {
    services: Object.fromEntries(services.map(([service, { env }]) => [service, env])),
    environment: definition?.environments[environment]?.env ?? {},
    host: definition?.environments[environment]?.hosts?.[host]?.env ?? {},
  }
}

function isSame(
  deps: Dependencies,
  app: string,
  environment: string,
  { now, running, name }: { now: StoredConfiguration; running: StoredConfiguration; name: string },
): boolean {
  const sides: [Side, Side] = [
    { environment, values: running },
    { environment, values: now },
  ]
  const [one] = compare(only(running, name), only(now, name), () =>
    isSameSecret(deps, app, name, sides),
  )
  return one === undefined || one.state === 'same'
}

const only = ({ variables, secrets }: StoredConfiguration, name: string) => ({
  variables: Object.hasOwn(variables, name) ? { [name]: variables[name] ?? '' } : {},
  secrets: Object.hasOwn(secrets, name) ? { [name]: secrets[name] ?? '' } : {},
})

/**
 * Compares the values of secrets that are stored here, and the places of others. A value that
 * cannot be decrypted counts as another one.
 */
function isSameSecret(
  { secrets: box }: Dependencies,
  app: string,
  name: string,
  sides: [Side, Side],
): boolean {
  const [one, other] = sides.map(({ environment, values }) => {
    const stored = values.secrets[name] ?? ''
    const reference = referenceOf(stored)
    const value =
      reference ?? openOrNull(() => box.open(sealedAs(app, environment, name), stored, name))
    return { isReference: reference !== null, value }
  })
  if (!one || !other || one.value === null) return false
  return one.isReference === other.isReference && one.value === other.value
}

function openOrNull(open: () => string): string | null {
  try {
    return open()
  } catch {
    return null
  }
}
