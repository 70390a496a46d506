import type { StepFile } from '#contract/pipeline-file/step-file.ts'
import { expandedCount, expandedLength, expandSteps } from './expand.ts'
import { type Found, type Path, shorten, found } from './problem.ts'
import { limits, longestName, type Readable } from './readable.ts'

/** Characters of all steps after their expansion; the run stores them. */
const longestExpansion = 16 * 1024 * 1024

/**
 * The steps that a matrix or a split expands to must be valid, too. They are counted before they
 * are built: a file of one kilobyte can describe a billion.
 */
export function expansionRules(file: Readable): Found[] {
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
