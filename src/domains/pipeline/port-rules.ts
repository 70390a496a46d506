import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import type { ReservedPort } from '#platform/net/port.ts'
import type { Found } from './problem.ts'

/** The environments whose fixed port belongs to a part of Fairlead. */
export function portRules(
  { environments }: Pick<PipelineFile, 'environments'>,
  reserved: readonly ReservedPort[],
): Found[] {
  return Object.entries(environments).flatMap(([name, { port }]) => {
    const owner = reserved.find((one) => one.port === port)?.owner
    if (owner === undefined) return []
    return [
      {
        path: ['environments', name, 'port'],
        atKey: false,
        problem: `environment \`${name}\` uses port ${port}, which belongs to ${owner}`,
        hint: 'use another port, or none',
      },
    ]
  })
}
