import type { Comparison, ConfigurationFile } from '#contract/configuration/comparison.ts'
import type { StoredConfiguration } from '#domains/configuration/configuration.ts'
import { getStored } from '#domains/configuration/store.ts'
import * as store from '#domains/deployment/store.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { liveDeployment } from '#views/deployment.ts'
import { renderFiles, type ServiceRendering } from './configuration-files.ts'

/** One side of a comparison. */
export interface Side {
  environment: string
  values: StoredConfiguration
}

/** The configuration files of the live release with the values in force; no value of a secret. */
export async function shownFiles(
  deps: Dependencies,
  app: string,
  environment: string,
): Promise<ConfigurationFile[]> {
  const live = await liveDeployment(deps.db, app, environment)
  const release = live && (await store.getRelease(deps.db, live.release))
  if (!release) return []
  const { variables, secrets } = await getStored(deps.db, app, environment)
  const set = { variables, secrets: namesFor(secrets) }
  return (await renderFiles(deps, release, environment, set)).map(toShown)
}

/** The name of each secret in place of its value. */
const namesFor = (secrets: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.keys(secrets).map((name) => [name, `(${name})`]))

function toShown({ service, path, template, rendering }: ServiceRendering): ConfigurationFile {
  if (rendering.problem !== null)
    return {
      ...{ service, path, template, problem: rendering.problem },
      ...{ kind: null, mode: null, text: null, uses: [] },
    }
  const { file, kind, used } = rendering
  const uses = used.filter((name) => name !== 'fairlead')
  const mode = file.mode.toString(8).padStart(4, '0')
  return { ...{ service, path, template, kind, mode, uses }, text: file.text, problem: null }
}

/** Whether the files of a release differ with two configurations. */
export async function compareFiles(
  deps: Dependencies,
  release: store.Release,
  before: Side,
  after: Side,
  isSameSecret: (name: string) => boolean,
): Promise<Comparison['files']> {
  const [one, other] = await Promise.all(
    [before, after].map(({ environment, values }) =>
      renderFiles(deps, release, environment, {
        variables: values.variables,
        secrets: namesFor(values.secrets),
      }),
    ),
  )
  return (other ?? []).map(({ service, path, rendering }) => {
    const was = one?.find((file) => file.service === service && file.path === path)?.rendering
    if (rendering.problem !== null) return { service, path, state: 'invalid' as const }
    const isSame =
      was?.problem === null &&
      was.file.text === rendering.file.text &&
      rendering.usedSecrets.every(isSameSecret)
    return { service, path, state: isSame ? ('same' as const) : ('changed' as const) }
  })
}
