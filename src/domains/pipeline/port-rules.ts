import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import type { ReservedPort } from '#platform/net/port.ts'
import { type Found, found } from './problem.ts'

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

/** The services that run once whose fixed port would be opened twice on one machine. */
export function ownPortRules({
  services,
  environments,
}: Pick<PipelineFile, 'services' | 'environments'>): Found[] {
  const fixed = Object.entries(services).flatMap(([name, { port, keeps, single }]) =>
    typeof port === 'number' && (keeps || single) ? [{ name, port }] : [],
  )
  const crowded = crowdedEnvironments(environments)
  return fixed.flatMap(({ name, port }, i) => {
    const path = ['services', name, 'port']
    const other = fixed.slice(0, i).find((one) => one.port === port)?.name
    if (other !== undefined)
      return [
        found(
          path,
          false,
          `services \`${other}\` and \`${name}\` both listen on port ${port}`,
          'use another port',
        ),
      ]
    if (crowded === null) return []
    const variable = `${name.toUpperCase().replaceAll('-', '_')}_PORT`
    return [
      found(
        path,
        false,
        `service \`${name}\` would listen on port ${port} in ${crowded}, on the same machine`,
        `write \`port: $${variable}\`, and set ${variable} in the \`env\` of each environment`,
      ),
    ]
  })
}

/** The environments on the first machine that has several of them; null when none has. */
function crowdedEnvironments(environments: PipelineFile['environments']): string | null {
  const machines = new Map<string, string[]>()
  for (const [name, { target }] of Object.entries(environments)) {
    if (target.kind !== 'process') continue
    const first: unknown = [target['host'], target['hosts']].flat().find(Boolean)
    const machine = typeof first === 'string' ? first : ''
    machines.set(machine, [...(machines.get(machine) ?? []), `\`${name}\``])
  }
  const names = [...machines.values()].find((all) => all.length > 1)
  return names === undefined ? null : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}
