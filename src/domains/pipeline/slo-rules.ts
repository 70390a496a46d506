import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { type Found, meant, type Path } from './problem.ts'

type File = Pick<PipelineFile, 'services' | 'environments'> &
  Partial<Pick<PipelineFile, 'slo' | 'monitors'>>

const most = 50

/** What objectives name must exist, and a name belongs to one monitor. */
export function sloRules({ services, environments, slo = {}, monitors = {} }: File): Found[] {
  const count = Object.keys(slo).length
  if (count > most)
    return [
      {
        ...{ path: ['slo'], atKey: true },
        problem: `there are ${count} objectives; the limit is ${most}`,
        hint: 'keep those that a user would notice',
      },
    ]
  return Object.entries(slo).flatMap(([name, one]) => {
    const missing = (key: Path, what: string, value: string, all: string[]): Found[] =>
      all.includes(value)
        ? []
        : [
            {
              ...{ path: ['slo', name, ...key], atKey: false },
              problem: `objective \`${name}\` names the ${what} \`${value}\`, which does not exist`,
              hint:
                all.length === 0 ? 'remove it' : meant(value, all, `the ${what}s of the file are`),
            },
          ]
    const isTaken = name in monitors
    return [
      ...(isTaken
        ? [
            {
              ...{ path: ['slo', name], atKey: true },
              problem: `objective \`${name}\` has the name of a monitor`,
              hint: 'rename one of them',
            },
          ]
        : []),
      ...(one.service === undefined
        ? []
        : missing(['service'], 'service', one.service, Object.keys(services))),
      ...one.environments.flatMap((place, i) =>
        missing(['environments', i], 'environment', place, Object.keys(environments)),
      ),
    ]
  })
}
