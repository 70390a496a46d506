import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { type Found, meant, type Path } from './problem.ts'

type File = Pick<PipelineFile, 'services'> & Partial<Pick<PipelineFile, 'status' | 'monitors'>>

const most = 50

/** What the components of the status page name must exist. */
export function statusRules({ services, monitors = {}, status }: File): Found[] {
  const components = Object.entries(status?.components ?? {})
  if (components.length > most)
    return [
      {
        ...{ path: ['status', 'components'], atKey: true },
        problem: `there are ${components.length} components; the limit is ${most}`,
        hint: 'keep those that a customer would name',
      },
    ]
  return components.flatMap(([component, { service, monitors: named }]) => {
    const of = `component \`${component}\``
    const missing = (key: Path, what: string, value: string, all: string[]): Found[] =>
      all.includes(value)
        ? []
        : [
            {
              ...{ path: ['status', 'components', component, ...key], atKey: false },
              problem: `${of} names the ${what} \`${value}\`, which does not exist`,
              hint:
                all.length === 0 ? 'remove it' : meant(value, all, `the ${what}s of the file are`),
            },
          ]
    return [
      ...(service === undefined
        ? []
        : missing(['service'], 'service', service, Object.keys(services))),
      ...named.flatMap((one, i) => missing(['monitors', i], 'monitor', one, Object.keys(monitors))),
    ]
  })
}
