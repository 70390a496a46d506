import type { BeforeCommand } from '#contract/deployment/before.ts'
import type { HostBefore } from '#contract/host/before.ts'
import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'

/** The command that runs once for a release in an environment, before its services; or null. */
export function beforeOf(
  { environments, services }: Pick<PipelineFile, 'environments' | 'services'>,
  environment: string,
): HostBefore | null {
  const before = environments[environment]?.before
  const first = Object.keys(services).find((name) => services[name]?.run !== undefined)
  const service = before?.service ?? first
  if (!before || service === undefined) return null
  return { run: before.run, timeout: before.timeout, service }
}

type Begun = Pick<BeforeCommand, 'release' | 'run' | 'command' | 'isCompatible' | 'check'>

/**
 * Why a rollback to a release of `run` may not work, in one sentence, or null. `since` are the
 * commands that began after that release was live; one that failed may have done a part.
 */
export function incompatibleBecause(since: Begun[], run: number): string | null {
  const crossed = since.find((one) => one.run !== run && !isKnownToWork(one, run))
  if (!crossed) return null
  const { release, command, check } = crossed
  const place = `release ${release} of run ${crossed.run}`
  return `${place} has run \`${command}\` since, and ${whyNot(check, run)}`
}

/** A check says nothing about releases that were not tried. */
const isKnownToWork = ({ isCompatible, check }: Begun, run: number): boolean =>
  isCompatible && (check === null || check.run === run)

function whyNot(check: Begun['check'], run: number): string {
  if (check === null)
    return (
      'fairlead.yaml says with `compatible: false` that earlier releases do not work with the ' +
      'result'
    )
  if (check.run !== run) return `only the release of run ${check.run} was tried with the result`
  if (check.state === 'incompatible')
    return `on a copy of the data, this release does not work with the result: ${check.reason}`
  return `it is not known whether this release works with the result: ${check.reason}`
}

/** What is tried of a release on a copy: its first service with a command, and its verification. */
export function triedOf(
  { environments, services }: Pick<PipelineFile, 'environments' | 'services'>,
  environment: string,
): { service: string; verify?: string } | null {
  const found = Object.entries(services).find(
    ([, { run, keeps, single }]) => run !== undefined && !keeps && !single,
  )
  if (!found) return null
  const verify = environments[environment]?.verify?.run
  return { service: found[0], ...(verify === undefined ? {} : { verify }) }
}
