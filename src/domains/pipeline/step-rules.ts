import type { StepFile } from '#contract/pipeline-file/step-file.ts'
import { partVariable } from './expand.ts'
import { buildGraph, findCycle } from './graph.ts'
import { type Found, meant, found } from './problem.ts'
import type { Readable } from './readable.ts'

export function needRules(name: string, step: StepFile, names: string[]): Found[] {
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
export function partRules(name: string, { split, reports }: StepFile): Found[] {
  const shared = split ? reports.findIndex((pattern) => !pattern.includes(partVariable)) : -1
  if (shared < 0) return []
  const path = ['steps', name, 'reports', shared]
  const problem =
    `the parts of step \`${name}\` share the report \`${reports[shared]}\`, ` +
    'so that each would read the reports of the others'
  return [found(path, false, problem, `add the part to its name: \`junit-$${partVariable}.xml\``)]
}

export function stepRules(name: string, step: StepFile): Found[] {
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

export function cycleRule(file: Readable): Found[] {
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
