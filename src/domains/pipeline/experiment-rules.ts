import { z } from 'zod'
import { faultActions } from '#contract/experiment/actions.generated.ts'
import { longestFaultMs } from '#contract/experiment/fault.ts'
import type { ExperimentFile } from '#contract/pipeline-file/experiment-file.ts'
import { type Found, meant, type Path } from './problem.ts'
import type { Readable } from './readable.ts'

const most = 50

/** Monitors that Fairlead has without a key of the file. */
const builtIn = ['errors', 'latency', 'traffic', 'reachable', 'restarts']

/** What experiments name must exist, and the alert must be due while the fault exists. */
export function experimentRules(file: Readable): Found[] {
  const { experiments = {}, experimentNames = [] } = file
  if (experimentNames.length > most)
    return [
      {
        ...{ path: ['experiments'], atKey: true },
        problem: `there are ${experimentNames.length} experiments; the limit is ${most}`,
        hint: 'remove some, or split the app',
      },
    ]
  return [
    ...Object.entries(experiments).flatMap(([name, one]) => [
      ...actionRules(name, one),
      ...placeRules(name, one, file),
      ...expectRules(name, one, file),
    ]),
    ...lineRules(file),
  ]
}

/** The experiments of an environment, which decide whether a change goes to the next one. */
function lineRules({ environments, experiments = {}, experimentNames = [] }: Readable): Found[] {
  return Object.entries(environments).flatMap(([environment, { experiments: names = [] }], at) =>
    names.flatMap((name, i): Found[] => {
      const wrong = (problem: string, hint: string): Found => ({
        ...{ path: ['environments', environment, 'experiments', i], atKey: false },
        problem: `environment \`${environment}\` ${problem}`,
        hint,
      })
      if (!experimentNames.includes(name))
        return [
          wrong(
            `names the experiment \`${name}\`, which does not exist`,
            meant(name, experimentNames, 'the experiments of the file are'),
          ),
        ]
      if (at === Object.keys(environments).length - 1)
        return [
          wrong(
            `names the experiment \`${name}\`, but no environment follows that it could protect`,
            'name it in an environment before; `fairlead experiment run` runs it here',
          ),
        ]
      if (names.indexOf(name) < i)
        return [wrong(`names the experiment \`${name}\` twice`, 'remove one of them')]
      if (experiments[name]?.environments.includes(environment) !== false) return []
      return [
        wrong(
          `names the experiment \`${name}\`, which may not run there`,
          `add \`${environment}\` to the \`environments\` of the experiment`,
        ),
      ]
    }),
  )
}

const found = (name: string, at: Path, problem: string, hint: string): Found => ({
  ...{ path: ['experiments', name, ...at], atKey: false },
  problem: `experiment \`${name}\` ${problem}`,
  hint,
})

function actionRules(name: string, { action, parameters }: ExperimentFile): Found[] {
  const known = faultActions.find((one) => one.name === action)
  const names = faultActions.map((one) => one.name)
  if (!known)
    return [
      found(
        ...([name, ['action'], `names the action \`${action}\`, which does not exist`] as const),
        meant(action, names, 'the actions are'),
      ),
    ]
  const schema = z.fromJSONSchema(known.parameters as Parameters<typeof z.fromJSONSchema>[0])
  const checked = schema.safeParse(parameters)
  if (checked.success) return []
  return checked.error.issues.map(({ path, message }) =>
    found(
      ...([name, ['parameters', ...path.map(String)]] as const),
      `has parameters that \`${action}\` does not take: ${message}`,
      `for example \`parameters: ${JSON.stringify(known.example)}\``,
    ),
  )
}

function placeRules(name: string, one: ExperimentFile, file: Readable): Found[] {
  const services = Object.keys(file.services)
  const environments = Object.keys(file.environments)
  return [
    ...(services.includes(one.service)
      ? []
      : [
          found(
            ...([name, ['service']] as const),
            `names the service \`${one.service}\`, which does not exist`,
            meant(one.service, services, 'the services of the file are'),
          ),
        ]),
    ...one.environments.flatMap((environment, i) =>
      environments.includes(environment)
        ? []
        : [
            found(
              ...([name, ['environments', i]] as const),
              `names the environment \`${environment}\`, which does not exist`,
              meant(environment, environments, 'the environments of the file are'),
            ),
          ],
    ),
  ]
}

function expectRules(name: string, one: ExperimentFile, file: Readable): Found[] {
  const { expect, allow } = one
  const names = [...Object.keys(file.monitors ?? {}), ...Object.keys(file.slo ?? {}), ...builtIn]
  const unknown = allow.flatMap((monitor, i): Found[] =>
    names.includes(monitor)
      ? []
      : [
          found(
            ...([
              name,
              ['allow', i],
              `allows the monitor \`${monitor}\`, which does not exist`,
            ] as const),
            meant(monitor, names, 'the monitors are'),
          ),
        ],
  )
  if (unknown.length > 0 || expect === undefined) return unknown
  if (!names.includes(expect.alert))
    return [
      found(
        ...([name, ['expect', 'alert']] as const),
        `expects an alert of the monitor \`${expect.alert}\`, which does not exist`,
        meant(expect.alert, names, 'the monitors are'),
      ),
    ]
  if (expect.within <= Math.min(one.for, longestFaultMs / 1000)) return []
  return [
    found(
      ...([name, ['expect']] as const),
      `expects an alert within ${expect.within} s, but its fault ends after ${one.for} s`,
      'make `for` longer, or `within` shorter',
    ),
  ]
}
