import type { JobFile } from '#contract/pipeline-file/job-file.ts'
import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { type Found, meant, type Path } from './problem.ts'
import type { TargetKind } from './target-rules.ts'

type File = Pick<PipelineFile, 'services' | 'environments'> & Partial<Pick<PipelineFile, 'jobs'>>

const most = 100

/** What jobs name must exist, and be able to run a command. */
export function jobRules(file: File, targets: readonly TargetKind[]): Found[] {
  const { jobs = {} } = file
  const count = Object.keys(jobs).length
  if (count > most)
    return [
      {
        ...{ path: ['jobs'], atKey: true },
        problem: `there are ${count} jobs; the limit is ${most}`,
        hint: 'combine some, or split the app',
      },
    ]
  return Object.entries(jobs).flatMap(([name, job]) => [
    ...serviceRules(name, job, file),
    ...environmentRules(name, job, file, targets),
  ])
}

function serviceRules(name: string, { service }: JobFile, { services }: File): Found[] {
  const able = Object.keys(services).filter((one) => services[one]?.run !== undefined)
  if (service === undefined ? able.length > 0 : able.includes(service)) return []
  if (service === undefined)
    return [
      {
        ...{ path: ['jobs', name], atKey: true },
        problem: `job \`${name}\` has no service with \`run\` whose environment it could have`,
        hint: 'add a service',
      },
    ]
  return [
    {
      ...{ path: ['jobs', name, 'service'], atKey: false },
      problem: `job \`${name}\` names the service \`${service}\`, which has no \`run\``,
      hint: able.length === 0 ? 'add it' : meant(service, able, 'the services with `run` are'),
    },
  ]
}

function environmentRules(
  name: string,
  { environments }: JobFile,
  file: File,
  targets: readonly TargetKind[],
): Found[] {
  const all = Object.keys(file.environments)
  const found = (i: number, problem: string, hint: string): Found => ({
    ...{ path: ['jobs', name, 'environments', i] satisfies Path, atKey: false, problem, hint },
  })
  return environments.flatMap((environment, i): Found[] => {
    const problem = `job \`${name}\` names the environment \`${environment}\``
    const target = file.environments[environment]?.target.kind
    if (target === undefined)
      return [
        found(
          ...([i, `${problem}, which does not exist`] as const),
          meant(environment, all, 'the environments of the file are'),
        ),
      ]
    const kind = targets.find((one) => one.kind === target)
    if (kind === undefined || kind.capabilities.includes('jobs')) return []
    const able = targets.filter((one) => one.capabilities.includes('jobs'))
    return [
      found(
        ...([i, `${problem}, whose target \`${target}\` runs no jobs`] as const),
        `remove it, or use a target that can: ${able.map((one) => one.kind).join(', ')}`,
      ),
    ]
  })
}
