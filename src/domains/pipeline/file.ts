import type { z } from 'zod'
import {
  defaultEnvironments,
  environmentFile,
  type PipelineFile,
  pipelineFile,
} from '#contract/pipeline-file/pipeline-file.ts'
import { serviceFile } from '#contract/pipeline-file/service-file.ts'
import { experimentFile } from '#contract/pipeline-file/experiment-file.ts'
import { jobFile } from '#contract/pipeline-file/job-file.ts'
import { monitorFile } from '#contract/pipeline-file/monitor-file.ts'
import { sloFile } from '#contract/pipeline-file/slo-file.ts'
import { stepFile } from '#contract/pipeline-file/step-file.ts'
import { switchFile } from '#contract/pipeline-file/switch-file.ts'
import type { ReservedPort } from '#platform/net/port.ts'
import { ownPortRules, portRules } from './port-rules.ts'
import { experimentRules } from './experiment-rules.ts'
import { jobRules } from './job-rules.ts'
import { machineRules } from './machine-rules.ts'
import { monitorRules } from './monitor-rules.ts'
import { sloRules } from './slo-rules.ts'
import { statusRules } from './status-rules.ts'
import { fromIssue } from './problem.ts'
import { brokenRules } from './rules.ts'
import type { Readable } from './readable.ts'
import { switchRules } from './switch-rules.ts'
import { type TargetKind, targetRules } from './target-rules.ts'
import { type Located, readYaml } from './yaml-text.ts'

/** A problem of a file. `problem` and `hint` are sentences without a full stop. */
export interface FileProblem extends Located {
  file: string
}

export type ReadResult =
  | { ok: true; pipeline: PipelineFile & { app: string } }
  | { ok: false; problems: FileProblem[] }

const mostProblems = 50

/**
 * Reads a fairlead.yaml. Returns the pipeline, or the problems in the order of the file, at most
 * 50. Never throws, whatever the input.
 */
export function readPipelineFile(
  input: string | Uint8Array,
  options: {
    file: string
    defaultApp: string
    targets: readonly TargetKind[]
    /** ports of the machine that no environment may have */
    reservedPorts?: readonly ReservedPort[]
  },
): ReadResult {
  const yaml = readYaml(input)
  if (!yaml.ok) return refuse(options.file, yaml.problems)
  const parsed = pipelineFile.safeParse(yaml.value)
  const issues = parsed.success
    ? []
    : parsed.error.issues.flatMap((issue) => fromIssue(issue, yaml.value))
  const file = parsed.success ? whole(parsed.data) : readable(yaml.value)
  const found = [
    ...issues,
    ...brokenRules(file),
    ...targetRules(file, options.targets),
    ...portRules(file, options.reservedPorts ?? []),
    ...ownPortRules(file),
    ...monitorRules(file),
    ...sloRules(file),
    ...statusRules(file),
    ...jobRules(file, options.targets),
    ...experimentRules(file),
    ...switchRules(file),
    ...machineRules(file, options.targets),
  ]
  if (!parsed.success || found.length > 0)
    return refuse(options.file, found.slice(0, 200).map(yaml.locate))
  return { ok: true, pipeline: { ...parsed.data, app: parsed.data.app ?? options.defaultApp } }
}

function refuse(file: string, problems: Located[]): ReadResult {
  const sorted = problems.toSorted((a, b) => a.line - b.line || a.column - b.column)
  return {
    ok: false,
    problems: sorted.slice(0, mostProblems).map((problem) => ({ file, ...problem })),
  }
}

const whole = (file: PipelineFile): Readable => ({
  ...file,
  stepNames: Object.keys(file.steps),
  switchNames: Object.keys(file.switches),
  experimentNames: Object.keys(file.experiments),
})

/**
 * The valid parts of a file that the schema refuses, so that all problems are reported together.
 */
function readable(value: unknown): Readable {
  return {
    steps: readableItems(stepFile, sectionOf(value, 'steps')),
    services: readableItems(serviceFile, sectionOf(value, 'services')),
    environments: readableItems(environmentFile, environmentsOf(value)),
    jobs: readableItems(jobFile, sectionOf(value, 'jobs')),
    monitors: readableItems(monitorFile, sectionOf(value, 'monitors')),
    experiments: readableItems(experimentFile, sectionOf(value, 'experiments')),
    experimentNames: Object.keys(sectionOf(value, 'experiments')),
    slo: readableItems(sloFile, sectionOf(value, 'slo')),
    switches: readableItems(switchFile, sectionOf(value, 'switches')),
    switchNames: Object.keys(sectionOf(value, 'switches')),
    stepNames: Object.keys(sectionOf(value, 'steps')),
  }
}

function sectionOf(value: unknown, section: string): Record<string, unknown> {
  const found = (value as Record<string, unknown>)[section]
  return typeof found === 'object' && found !== null && !Array.isArray(found)
    ? (found as Record<string, unknown>)
    : {}
}

/** The environments of a file, or those of a file that names none. */
const environmentsOf = (value: unknown): Record<string, unknown> =>
  ((value as Record<string, unknown>)['environments'] ?? null) === null
    ? defaultEnvironments
    : sectionOf(value, 'environments')

function readableItems<S extends z.ZodType>(
  schema: S,
  items: Record<string, unknown>,
): Record<string, z.output<S>> {
  return Object.fromEntries(
    Object.entries(items).flatMap(([name, item]) => {
      const parsed = schema.safeParse(item)
      return parsed.success ? [[name, parsed.data]] : []
    }),
  )
}
