import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'

/** A host that may serve environments with `labels`. */
export interface LabelledHost {
  name: string
  labels: string[]
}

type Placed<P> = { problem: null; definition: P } | { problem: string; definition?: never }

/**
 * The definition with the names of hosts instead of `labels`: every host that has all of the labels
 * of a target, in the order of the names. A label that no host has is a problem: nothing would run.
 */
export function placeByLabels<P extends Pick<PipelineFile, 'environments'>>(
  definition: P,
  hosts: readonly LabelledHost[],
): Placed<P> {
  const environments = { ...definition.environments }
  for (const [name, environment] of Object.entries(environments)) {
    const { labels, away, ...target } = environment.target
    if (!Array.isArray(labels)) continue
    const names = hosts
      .filter((host) => labels.every((label) => host.labels.includes(label)))
      .map((host) => host.name)
      .toSorted()
    const [first] = names
    if (first === undefined) return { problem: missing(name, labels, hosts) }
    const placed =
      names.length === 1
        ? { ...target, host: first }
        : { ...target, hosts: names, ...(away === undefined ? {} : { away }) }
    environments[name] = { ...environment, target: placed }
  }
  return { problem: null, definition: { ...definition, environments } }
}

function missing(environment: string, labels: string[], hosts: readonly LabelledHost[]): string {
  const wanted = `the label${labels.length > 1 ? 's' : ''} ${labels.join(', ')}`
  const known = [...new Set(hosts.flatMap((host) => host.labels))].toSorted()
  return (
    `environment \`${environment}\` needs a host with ${wanted}, and there is none; add one with ` +
    '`fairlead hosts add --label`, or label one with `fairlead hosts label`' +
    (known.length === 0 ? '' : `. The labels of the hosts are ${known.join(', ')}`)
  )
}
