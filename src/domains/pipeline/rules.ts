import type {
  EnvironmentFile,
  PipelineFile,
  ServiceFile,
} from '#contract/pipeline-file/pipeline-file.ts'
import { isPreviewName } from '#contract/pull-request/pull-request.ts'
import type { StepFile } from '#contract/pipeline-file/step-file.ts'
import { expandSteps, partVariable } from './expand.ts'
import { buildGraph, findCycle } from './graph.ts'
import { type Found, meant, type Path } from './problem.ts'

const limits = { steps: 200, services: 50, environments: 20 }
/** `verify-` and the name are a step's name, which has 40 characters. */
const longestName = 40
const longestVerified = longestName - 'verify-'.length

/**
 * What of a file the schema accepts, and the names of all steps, also of those that it does not.
 */
export interface Readable extends Pick<PipelineFile, 'steps' | 'services' | 'environments'> {
  stepNames: string[]
}

/** What the schema cannot say. */
export function brokenRules(file: Readable): Found[] {
  const found = [
    ...tooMany(file),
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
  ]
  return found.length === 0 ? [...cycleRule(file), ...expansionRules(file)] : found
}

const at = (path: Path, atKey: boolean, problem: string, hint: string): Found => ({
  path,
  atKey,
  problem,
  hint,
})

function tooMany(file: Readable): Found[] {
  return (['steps', 'services', 'environments'] as const).flatMap((section) => {
    const count = section === 'steps' ? file.stepNames.length : Object.keys(file[section]).length
    if (count <= limits[section]) return []
    return [
      at(
        [section],
        true,
        `there are ${count} ${section}, and at most ${limits[section]} may be`,
        'join some, or split the app',
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
      return [at(path, true, `the name \`${name}\` is kept for Fairlead`, 'take another name')]
    }
    if (section === 'environments' && isPreviewName(name))
      return [at(path, true, `the name \`${name}\` is kept for pull requests`, 'take another name')]
    // JavaScript and JSON put such keys first, whatever the order of the file.
    if (/^\d+$/.test(name))
      return [
        at(
          path,
          true,
          `the name \`${name}\` has no letter`,
          `write for example \`${section.slice(0, -1)}-${name}\``,
        ),
      ]
    return []
  })
}

function needRules(name: string, step: StepFile, names: string[]): Found[] {
  return (step.needs ?? []).flatMap((need, i) => {
    const path = ['steps', name, 'needs', i]
    if (need === name) return [at(path, false, `step \`${name}\` needs itself`, 'take it away')]
    if (names.includes(need)) return []
    const others = names.filter((other) => other !== name)
    const hint =
      others.length === 0
        ? 'take it away: there is no other step'
        : meant(need, others, 'the other steps are')
    return [at(path, false, `step \`${name}\` needs \`${need}\`, which is not a step`, hint)]
  })
}

/** Else each part would count what the others found, too. */
function partRules(name: string, { split, reports }: StepFile): Found[] {
  const shared = split ? reports.findIndex((pattern) => !pattern.includes(partVariable)) : -1
  if (shared < 0) return []
  const path = ['steps', name, 'reports', shared]
  const problem = `the parts of step \`${name}\` share \`${reports[shared]}\`, and each would read what the others wrote`
  return [at(path, false, problem, `name it by the part: \`junit-$${partVariable}.xml\``)]
}

function stepRules(name: string, step: StepFile): Found[] {
  const services = Object.entries(step.services).flatMap(
    ([service, { run, image, port }]): Found[] => {
      const path = ['steps', name, 'services', service]
      if ((run === undefined) === (image === undefined))
        return [
          at(
            path,
            true,
            `service \`${service}\` of step \`${name}\` must have either \`run\` or \`image\``,
            'keep one of them',
          ),
        ]
      if (image !== undefined && port === undefined)
        return [
          at(
            path,
            true,
            `service \`${service}\` of step \`${name}\` has an \`image\` and no \`port\``,
            'write the port that it listens on in its container',
          ),
        ]
      return []
    },
  )
  const outputs: Found[] =
    step.outputs.length > 0 && step.inputs.length === 0
      ? [
          at(
            ['steps', name, 'outputs'],
            true,
            `step \`${name}\` has \`outputs\` and no \`inputs\``,
            'write what its result depends on',
          ),
        ]
      : []
  const network: Found[] =
    !step.network && Object.keys(step.services).length > 0
      ? [
          at(
            ['steps', name, 'network'],
            true,
            `step \`${name}\` has no \`network\`, and could not reach its \`services\``,
            'take one of the two away',
          ),
        ]
      : []
  return [...services, ...outputs, ...network]
}

/** What a matrix or parts make of the steps must fit, too. */
function expansionRules(file: Readable): Found[] {
  return Object.entries(file.steps).flatMap(([name, step]) => {
    if (step.matrix === undefined && step.split === undefined) return []
    const key = step.matrix === undefined ? 'split' : 'matrix'
    const names = expandSteps({ [name]: step }).map((one) => one.name)
    const long = names.find((one) => one.length > longestName)
    if (long !== undefined)
      return [
        at(
          ['steps', name, key],
          true,
          `\`${long}\` is longer than ${longestName} characters`,
          'take a shorter name, or shorter values',
        ),
      ]
    const taken = names.find(
      (one, index) => (one !== name && one in file.steps) || names.indexOf(one) !== index,
    )
    if (taken !== undefined)
      return [
        at(
          ['steps', name, key],
          true,
          `two steps would have the name \`${taken}\``,
          'give one of them another name',
        ),
      ]
    const all = expandSteps(file.steps).length
    return all > limits.steps
      ? [
          at(
            ['steps', name, key],
            true,
            `there would be ${all} steps, and at most ${limits.steps} may be`,
            'take fewer combinations or parts',
          ),
        ]
      : []
  })
}

function cycleRule(file: Readable): Found[] {
  const cycle = findCycle(buildGraph(file.steps))
  if (!cycle) return []
  return [
    at(
      ['steps', cycle[0] ?? ''],
      true,
      `the steps need each other in a circle: ${cycle.join(' → ')}`,
      'take one of these `needs` away, or write `needs: []`',
    ),
  ]
}

function serviceRules(name: string, service: ServiceFile): Found[] {
  const path = ['services', name]
  const has = (key: 'run' | 'static'): boolean => service[key] !== undefined
  if (!has('run') && !has('static'))
    return [
      at(
        path,
        true,
        `service \`${name}\` has neither \`run\` nor \`static\``,
        'give it a command, such as `run: node server.js`',
      ),
    ]
  if (has('run') && has('static'))
    return [
      at(path, true, `service \`${name}\` has both \`run\` and \`static\``, 'keep one of them'),
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
        at(
          ['environments', name, 'port'],
          false,
          `environment \`${name}\` has the port ${port} of \`${other}\``,
          'give each its own port, or none',
        ),
      ]
    }
    if (environments[name]?.verify && name.length > longestVerified) {
      return [
        at(
          ['environments', name],
          true,
          `the name \`${name}\` is longer than ${longestVerified} characters, and the environment has \`verify\``,
          'take a shorter name',
        ),
      ]
    }
    return []
  })
}
