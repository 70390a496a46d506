import type { EnvironmentFile, PipelineFile, ServiceFile, StepFile } from '#contract/pipeline-file.ts'
import { buildGraph, findCycle } from './graph.ts'
import { type Found, meant, type Path } from './problem.ts'

const limits = { steps: 200, services: 50, environments: 20 }
/** `verify-` and the name are a step's name, which has 40 characters. */
const longestVerified = 40 - 'verify-'.length

/** What of a file the schema accepts, and the names of all steps, also of those that it does not. */
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
    ...environmentRules(file.environments),
  ]
  return found.length === 0 ? cycleRule(file) : found
}

const at = (path: Path, atKey: boolean, problem: string, hint: string): Found => ({ path, atKey, problem, hint })

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
    if (name === 'fairlead' || name === 'constructor' || (section === 'steps' && name.startsWith('verify-'))) {
      return [at(path, true, `the name \`${name}\` is kept for Fairlead`, 'take another name')]
    }
    // JavaScript and JSON put such keys first, whatever the order of the file.
    if (/^\d+$/.test(name))
      return [
        at(path, true, `the name \`${name}\` has no letter`, `write for example \`${section.slice(0, -1)}-${name}\``),
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
      others.length === 0 ? 'take it away: there is no other step' : meant(need, others, 'the other steps are')
    return [at(path, false, `step \`${name}\` needs \`${need}\`, which is not a step`, hint)]
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
    return [at(path, true, `service \`${name}\` has both \`run\` and \`static\``, 'keep one of them')]
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
