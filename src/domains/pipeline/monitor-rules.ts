import { monitorKeys, type MonitorFile } from '#contract/pipeline-file/monitor-file.ts'
import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import type { MonitorKind } from '#platform/monitor/monitor-kind.ts'
import { monitorKinds } from '#platform/monitor/kinds.generated.ts'
import { type Found, fromIssue, meant, type Path } from './problem.ts'

type File = Pick<PipelineFile, 'services' | 'environments'> &
  Partial<Pick<PipelineFile, 'monitors'>>

const most = 500
const kinds = monitorKinds as unknown as readonly MonitorKind[]
const kindNames = kinds.map(({ kind }) => kind)
const commonKeys = Object.keys(monitorKeys)

/** The kind and the settings of every monitor, and what it names. */
export function monitorRules(file: File): Found[] {
  const { monitors = {} } = file
  const names = Object.keys(monitors)
  if (names.length > most)
    return [
      {
        ...{ path: ['monitors'], atKey: true },
        problem: `there are ${names.length} monitors; the limit is ${most}`,
        hint: 'combine some, or split the app',
      },
    ]
  const found = Object.entries(monitors).flatMap(([name, monitor]) => [
    ...kindRules(name, monitor),
    ...referenceRules(name, monitor, file, names),
  ])
  return found.length === 0 ? cycleRules(monitors) : found
}

function kindRules(name: string, monitor: MonitorFile): Found[] {
  const path: Path = ['monitors', name]
  const own = Object.keys(monitor).filter((key) => !commonKeys.includes(key))
  const known = own.filter((key) => kindNames.includes(key))
  const wrong = own.find((key) => !kindNames.includes(key))
  if (wrong !== undefined)
    return [
      {
        ...{ path: [...path, wrong], atKey: true },
        problem: `monitor \`${name}\` has the key \`${wrong}\`, which does not exist`,
        hint: meant(wrong, [...kindNames, ...commonKeys], 'the keys are'),
      },
    ]
  const kind = kinds.find((one) => known.includes(one.kind))
  if (known.length !== 1 || kind === undefined)
    return [
      {
        ...{ path, atKey: true },
        problem: `monitor \`${name}\` must have exactly one kind`,
        hint: `one of ${kindNames.join(', ')}`,
      },
    ]
  return [...settingRules(path, monitor[kind.kind], kind), ...fromRules(name, monitor, kind)]
}

/** Other hosts have neither the release nor its edge. */
function fromRules(name: string, monitor: MonitorFile, kind: MonitorKind): Found[] {
  const settings = kind.settings.safeParse(monitor[kind.kind])
  if (monitor.from === undefined || !settings.success) return []
  const why = kind.elsewhere
    ? kind.elsewhere(settings.data)
    : `only ${kinds.flatMap((one) => (one.elsewhere ? [one.kind] : [])).join(', ')} can have it`
  const problem = `monitor \`${name}\` of the kind \`${kind.kind}\` has \`from\``
  if (why === null) return []
  return [{ path: ['monitors', name, 'from'], atKey: true, problem, hint: why }]
}

function settingRules(path: Path, value: unknown, kind: MonitorKind): Found[] {
  const parsed = kind.settings.safeParse(value)
  if (parsed.success) return []
  const [section = '', name = ''] = path as string[]
  const root = { [section]: { [name]: { [kind.kind]: value } } }
  const example = JSON.stringify(kind.example).replaceAll(/"(\w+)":/g, '$1: ')
  return parsed.error.issues.flatMap((issue) =>
    fromIssue({ ...issue, path: [section, name, kind.kind, ...issue.path] }, root).map((found) =>
      issue.code === 'unrecognized_keys'
        ? found
        : { ...found, hint: `for example \`${kind.kind}: ${example}\`` },
    ),
  )
}

/** What a monitor names must exist. */
function referenceRules(
  name: string,
  { needs, environments, service }: MonitorFile,
  file: File,
  monitors: string[],
): Found[] {
  const missing = (key: Path, what: string, value: string, all: string[]): Found => ({
    ...{ path: ['monitors', name, ...key], atKey: false },
    problem: `monitor \`${name}\` names the ${what} \`${value}\`, which does not exist`,
    hint: all.length === 0 ? 'remove it' : meant(value, all, `the ${what}s of the file are`),
  })
  const others = monitors.filter((one) => one !== name)
  const services = Object.keys(file.services)
  const places = Object.keys(file.environments)
  return [
    ...needs.flatMap((need, i) =>
      others.includes(need) ? [] : [missing(['needs', i], 'monitor', need, others)],
    ),
    ...environments.flatMap((one, i) =>
      places.includes(one) ? [] : [missing(['environments', i], 'environment', one, places)],
    ),
    ...(service === undefined || services.includes(service)
      ? []
      : [missing(['service'], 'service', service, services)]),
  ]
}

function cycleRules(monitors: Record<string, MonitorFile>): Found[] {
  for (const name of Object.keys(monitors)) {
    const reached = new Set<string>()
    const open = [...(monitors[name]?.needs ?? [])]
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (next === name)
        return [
          {
            ...{ path: ['monitors', name, 'needs'], atKey: true },
            problem: `monitor \`${name}\` needs itself, by way of other monitors`,
            hint: 'remove one of these `needs`',
          },
        ]
      if (reached.has(next)) continue
      reached.add(next)
      open.push(...(monitors[next]?.needs ?? []))
    }
  }
  return []
}
