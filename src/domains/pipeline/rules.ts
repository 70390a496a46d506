import { isPreviewName } from '#contract/pull-request/pull-request.ts'
import { compilePatterns } from '#platform/file/pattern.ts'
import { type Found, type Path, found } from './problem.ts'
import { limits, type Readable } from './readable.ts'
import { needRules, partRules, stepRules, cycleRule } from './step-rules.ts'
import { edgeRules } from './edge-rules.ts'
import { expansionRules } from './expansion-rules.ts'
import { serviceRules, exclusiveRules, servicePathRules } from './service-rules.ts'
import { beforeRules, domainRules, environmentRules } from './environment-rules.ts'

/** The problems that the schema cannot express. */
export function brokenRules(file: Readable): Found[] {
  const problems = [
    ...sizeRules(file),
    ...(['steps', 'services', 'environments'] as const).flatMap((section) =>
      nameRules(section, Object.keys(file[section])),
    ),
    ...Object.entries(file.steps).flatMap(([name, step]) => needRules(name, step, file.stepNames)),
    ...Object.entries(file.services).flatMap(([name, service]) => [
      ...serviceRules(name, service),
      ...exclusiveRules(name, service),
    ]),
    ...Object.entries(file.steps).flatMap(([name, step]) => [
      ...stepRules(name, step),
      ...partRules(name, step),
    ]),
    ...servicePathRules(file.services),
    ...environmentRules(file.environments),
    ...beforeRules(file),
    ...domainRules(file),
    ...edgeRules(file),
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
