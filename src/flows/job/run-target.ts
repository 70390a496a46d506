import type { OpenTarget } from '#domains/deployment/open-targets.ts'
import type { Target } from '#domains/deployment/target.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { targetOfRelease } from '#flows/deployment/targets.ts'

/**
 * The target of a run in a release: of several hosts, the one that has the run. What happens to the
 * other hosts meanwhile changes nothing, so that no command runs twice.
 */
export async function targetOfRun(
  deps: Pick<Dependencies, 'db' | 'targets'>,
  { release, host }: { release: number; host: string | null },
): Promise<OpenTarget> {
  const target = await targetOfRelease(deps, release)
  return host === null || !target.hosts ? target : { ...target, ...target.hosts.on([host]) }
}

/** The host on which a run begins, null where there is no choice; or why it cannot. */
export function hostOfRun(
  { hosts, title }: Pick<Target, 'hosts'> & { title: string },
  wanted: string | null,
): { host: string | null } | { problem: string } {
  if (wanted === null) return { host: hosts?.first ?? null }
  if (hosts?.names.includes(wanted)) return { host: wanted }
  return { problem: `${wanted} is not one of several hosts of the environment: ${title}` }
}
