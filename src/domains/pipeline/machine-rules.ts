import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { type Found, type Path } from './problem.ts'
import type { TargetKind } from './target-rules.ts'

/** Machines come from an inventory or from `hosts`, and a target must run the playbook. */
export function machineRules(
  { environments }: Pick<PipelineFile, 'environments'>,
  targets: readonly TargetKind[],
): Found[] {
  return Object.entries(environments).flatMap(([name, { machines, target }]): Found[] => {
    if (!machines) return []
    const { inventory, hosts, groups, target_hosts: ofTarget } = machines
    const at = (...path: Path): Path => ['environments', name, 'machines', ...path]
    const found = (path: Path, problem: string, hint: string): Found => ({
      ...{ path, atKey: true, problem: `environment \`${name}\` ${problem}`, hint },
    })
    if (inventory !== undefined && hosts !== undefined)
      return [found(at('inventory'), 'has both `inventory` and `hosts`', 'remove one of them')]
    if (ofTarget && hosts !== undefined)
      return [
        found(at('target_hosts'), 'has both `target_hosts` and `hosts`', 'remove one of them'),
      ]
    if (ofTarget && ['host', 'hosts', 'labels'].every((key) => target[key] === undefined))
      return [
        found(
          at('target_hosts'),
          'has `target_hosts`, but its target names no host',
          'add `host`, `hosts` or `labels` to the target, or name the machines in `hosts`',
        ),
      ]
    const kind = targets.find((one) => one.kind === target.kind)
    if (kind && !kind.capabilities.includes('jobs')) {
      const able = targets.filter((one) => one.capabilities.includes('jobs'))
      const hint = `use a target that can: ${able.map((one) => one.kind).join(', ')}`
      return [found(at(), `has \`machines\`, but its target \`${kind.kind}\` runs no jobs`, hint)]
    }
    if (hosts === undefined) return []
    if (Object.keys(hosts).length === 0)
      return [found(at('hosts'), 'has no machine', 'add one, such as `web-1: 10.0.0.5`')]
    const known = new Set(Object.values(hosts).flatMap((one) => one.groups))
    return groups.flatMap((group, i): Found[] =>
      known.has(group)
        ? []
        : [
            found(
              at('groups', i),
              `names the group \`${group}\`, to which no machine belongs`,
              `add it to the \`groups\` of a machine`,
            ),
          ],
    )
  })
}
