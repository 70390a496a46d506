import type {
  EnvironmentFile,
  PipelineFile,
  ServiceFile,
} from '#contract/pipeline-file/pipeline-file.ts'
import { isPreviewName } from '#contract/pull-request/pull-request.ts'
import type { StepFile } from '#contract/pipeline-file/step-file.ts'
import { compilePatterns } from '#platform/file/pattern.ts'
import { expandedCount, expandedLength, expandSteps, partVariable } from './expand.ts'
import { buildGraph, findCycle } from './graph.ts'
import { type Found, meant, type Path, shorten } from './problem.ts'

const limits = { steps: 200, services: 50, environments: 20 }
/** Characters of all steps after their expansion; the run stores them. */
const longestExpansion = 16 * 1024 * 1024
/** Characters of a name; the step of a verification is called `verify-` and its environment. */
const longestName = 40
const longestVerified = longestName - 'verify-'.length

/** The parts of a file that the schema accepts, and the names of all steps, valid or not. */
export interface Readable extends Pick<PipelineFile, 'steps' | 'services' | 'environments'> {
  stepNames: string[]
  paths?: string[]
  artifact?: PipelineFile['artifact']
}

/** The problems that the schema cannot express. */
export function brokenRules(file: Readable): Found[] {
  const problems = [
    ...sizeRules(file),
    ...(['steps', 'services', 'environments'] as const).flatMap((section) =>
      nameRules(section, Object.keys(file[section])),
    ),
    ...Object.entries(file.steps).flatMap(([name, step]) => needRules(name, step, file.stepNames)),
    ...Object.entries(file.services).flatMap(([name, service]) => serviceRules(name, service)),
    ...Object.entries(file.steps).flatMap(([name, step]) => [
      ...stepRules(name, step),
      ...partRules(name, step),
    ]),
    ...environmentRules(file.environments),
    ...patternRules(['paths'], file.paths),
    ...patternRules(['artifact', 'include'], file.artifact?.include),
    ...patternRules(['artifact', 'exclude'], file.artifact?.exclude),
    ...Object.entries(file.steps).flatMap(([name, { inputs, cache, split, reports }]) => [
      ...patternRules(['steps', name, 'reports'], reports),
      ...patternRules(['steps', name, 'inputs'], inputs),
      ...patternRules(['steps', name, 'cache', 'key'], cache.key),
      ...patternRules(['steps', name, 'split', 'files'], split?.files),
    ]),
  ]
  return problems.length === 0 ? [...cycleRule(file), ...expansionRules(file)] : problems
}

const found = (path: Path, atKey: boolean, problem: string, hint: string): Found => ({
  path,
  atKey,
  problem,
  hint,
})

function patternRules(path: Path, patterns: string[] = []): Found[] {
  try {
    compilePatterns(patterns)
    return []
  } catch (error) {
    return [found(path, true, (error as Error).message, 'write simpler patterns')]
  }
}

function sizeRules(file: Readable): Found[] {
  return (['steps', 'services', 'environments'] as const).flatMap((section) => {
    const count = section === 'steps' ? file.stepNames.length : Object.keys(file[section]).length
    if (count <= limits[section]) return []
    return [
      found(
        [section],
        true,
        `there are ${count} ${section}; the limit is ${limits[section]}`,
        'combine some, or split the app',
      ),
    ]
  })
}

function nameRules(section: 'steps' | 'services' | 'environments', names: string[]): Found[] {
  return names.flatMap((name) => {
    const path = [section, name]
    if (
      name === 'fairlead' ||
      name === 'constructor' ||
      (section === 'steps' && name.startsWith('verify-'))
    ) {
      return [
        found(path, true, `the name \`${name}\` is reserved for Fairlead`, 'choose another name'),
      ]
    }
    if (section === 'environments' && isPreviewName(name))
      return [
        found(
          path,
          true,
          `the name \`${name}\` is reserved for pull requests`,
          'choose another name',
        ),
      ]
    // JavaScript sorts such keys to the front, whatever the order of the file.
    if (/^\d+$/.test(name))
      return [
        found(
          path,
          true,
          `the name \`${name}\` contains no letter`,
          `for example \`${section.slice(0, -1)}-${name}\``,
        ),
      ]
    return []
  })
}

function needRules(name: string, step: StepFile, names: string[]): Found[] {
  return (step.needs ?? []).flatMap((need, i) => {
    const path = ['steps', name, 'needs', i]
    if (need === name) return [found(path, false, `step \`${name}\` needs itself`, 'remove it')]
    if (names.includes(need)) return []
    const others = names.filter((other) => other !== name)
    const hint =
      others.length === 0
        ? 'remove it: there is no other step'
        : meant(need, others, 'the other steps are')
    return [found(path, false, `step \`${name}\` needs \`${need}\`, which is not a step`, hint)]
  })
}

/** Without names of their own, each part would count the results of the others, too. */
function partRules(name: string, { split, reports }: StepFile): Found[] {
  const shared = split ? reports.findIndex((pattern) => !pattern.includes(partVariable)) : -1
  if (shared < 0) return []
  const path = ['steps', name, 'reports', shared]
  const problem =
    `the parts of step \`${name}\` share the report \`${reports[shared]}\`, ` +
    'so that each would read the reports of the others'
  return [found(path, false, problem, `add the part to its name: \`junit-$${partVariable}.xml\``)]
}

function stepRules(name: string, step: StepFile): Found[] {
  const services = Object.entries(step.services).flatMap(
    ([service, { run, image, port }]): Found[] => {
      const path = ['steps', name, 'services', service]
      if ((run === undefined) === (image === undefined))
        return [
          found(
            path,
            true,
            `service \`${service}\` of step \`${name}\` must have either \`run\` or \`image\``,
            'keep only one of them',
          ),
        ]
      if (image !== undefined && port === undefined)
        return [
          found(
            path,
            true,
            `service \`${service}\` of step \`${name}\` has an \`image\` but no \`port\``,
            'add the port on which the container listens',
          ),
        ]
      return []
    },
  )
  const outputs: Found[] =
    step.outputs.length > 0 && step.inputs.length === 0
      ? [
          found(
            ['steps', name, 'outputs'],
            true,
            `step \`${name}\` has \`outputs\` but no \`inputs\``,
            'list the files that its result depends on',
          ),
        ]
      : []
  const network: Found[] =
    !step.network && Object.keys(step.services).length > 0
      ? [
          found(
            ['steps', name, 'network'],
            true,
            `step \`${name}\` has \`network: false\` and cannot reach its \`services\``,
            'remove one of the two',
          ),
        ]
      : []
  return [...services, ...outputs, ...network]
}

/**
 * The steps that a matrix or a split expands to must be valid, too. They are counted before they
 * are built: a file of one kilobyte can describe a billion.
 */
function expansionRules(file: Readable): Found[] {
  const tooLarge = expansionSizeRule(file)
  if (tooLarge.length > 0) return tooLarge
  return Object.entries(file.steps).flatMap(([name, step]) => {
    if (step.matrix === undefined && step.split === undefined) return []
    const names = expandSteps({ [name]: step }).map((one) => one.name)
    const long = names.find((one) => one.length > longestName)
    if (long !== undefined)
      return [
        found(
          expansionPath(name, step),
          true,
          `\`${shorten(long)}\` is longer than ${longestName} characters`,
          'use a shorter name or shorter values',
        ),
      ]
    const taken = names.find(
      (one, index) => (one !== name && one in file.steps) || names.indexOf(one) !== index,
    )
    if (taken === undefined) return []
    const problem = `two steps would have the name \`${taken}\``
    return [found(expansionPath(name, step), true, problem, 'rename one of them')]
  })
}

const expansionPath = (name: string, { matrix }: StepFile): Path => [
  'steps',
  name,
  matrix === undefined ? 'split' : 'matrix',
]

function expansionSizeRule({ steps }: Readable): Found[] {
  const sum = (measure: (step: StepFile) => number): number =>
    Object.values(steps).reduce((total, step) => total + measure(step), 0)
  const largest = Object.entries(steps).toSorted(
    ([, a], [, b]) => expandedCount(b) - expandedCount(a),
  )[0]
  if (!largest || expandedCount(largest[1]) === 1) return []
  const path = expansionPath(...largest)
  const hint = 'use fewer combinations or parts'
  const count = sum(expandedCount)
  if (count > limits.steps) {
    const problem = `the file expands to ${count} steps; the limit is ${limits.steps}`
    return [found(path, true, problem, hint)]
  }
  const megabytes = Math.ceil(sum(expandedLength) / 1024 / 1024)
  if (megabytes * 1024 * 1024 <= longestExpansion) return []
  const problem = `the file expands to ${megabytes} MB; the limit is 16 MB`
  return [found(path, true, problem, hint)]
}

function cycleRule(file: Readable): Found[] {
  const cycle = findCycle(buildGraph(file.steps))
  if (!cycle) return []
  return [
    found(
      ['steps', cycle[0] ?? ''],
      true,
      `the steps form a cycle: ${cycle.join(' → ')}`,
      'remove one of these `needs`, or write `needs: []`',
    ),
  ]
}

function serviceRules(name: string, service: ServiceFile): Found[] {
  const path = ['services', name]
  const has = (key: 'run' | 'static'): boolean => service[key] !== undefined
  if (!has('run') && !has('static'))
    return [
      found(
        path,
        true,
        `service \`${name}\` has neither \`run\` nor \`static\``,
        'add a command such as `run: node server.js`',
      ),
    ]
  if (has('run') && has('static'))
    return [
      found(
        path,
        true,
        `service \`${name}\` has both \`run\` and \`static\``,
        'keep only one of them',
      ),
    ]
  return []
}

function environmentRules(environments: Record<string, EnvironmentFile>): Found[] {
  const names = Object.keys(environments)
  const withPort = names.filter((name) => environments[name]?.port !== undefined)
  return names.flatMap((name): Found[] => {
    const port = environments[name]?.port
    const other = withPort.find((earlier) => environments[earlier]?.port === port)
    if (port !== undefined && other !== undefined && other !== name) {
      return [
        found(
          ['environments', name, 'port'],
          false,
          `environment \`${name}\` uses port ${port}, which \`${other}\` uses already`,
          'use another port, or none',
        ),
      ]
    }
    if (environments[name]?.verify && name.length > longestVerified) {
      return [
        found(
          ['environments', name],
          true,
          `the name \`${name}\` is longer than ${longestVerified} characters, ` +
            'the limit for an environment with `verify`',
          'use a shorter name',
        ),
      ]
    }
    return []
  })
}
