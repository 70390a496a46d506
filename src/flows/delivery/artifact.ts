import { join, posix } from 'node:path'
import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { insertArtifact } from '#domains/artifact/store.ts'
import { addWarnings, setRunArtifact } from '#domains/pipeline/store.ts'
import type { StepContext } from '#engine/workflow.ts'
import { mustBeInside } from '#platform/file/inside.ts'
import { pack } from '#platform/oci/oci.ts'
import type { Workspace } from '#platform/workspace/workspace.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { freeBytes } from './disk.ts'
import { type DeliveryInput, workspaceOf } from './input.ts'
import { selectFromWorkspace } from './workspace.ts'

type PackInput = DeliveryInput & { folder: string; workspace?: Workspace | null }

/**
 * Packs the app's folder of the checkout, or what the app needs of its npm, pnpm or Yarn workspace,
 * as an artifact and returns its digest.
 */
export async function packArtifact(
  deps: Dependencies,
  step: StepContext,
  input: PackInput,
  definition: PipelineFile,
): Promise<string> {
  const { digest, size, warnings } = await packFolder(deps, input, definition)
  const artifact = { digest, size }
  if (warnings.length > 0) step.write(addWarnings(input.run, warnings))
  step.write(
    insertArtifact({
      ...artifact,
      app: input.app,
      run: input.run,
      isFromPullRequest: input.pullRequest !== undefined,
    }),
  )
  step.write(setRunArtifact(input.run, artifact.digest))
  step.emit({
    type: 'dev.cdevents.artifact.packaged',
    subject: `artifact/${artifact.digest}`,
    app: input.app,
    data: { run: input.run, sha: input.sha, size: artifact.size },
  })
  return artifact.digest
}

async function packFolder(
  deps: Dependencies,
  input: PackInput,
  definition: PipelineFile,
): Promise<{ digest: string; size: number; warnings: string[] }> {
  const selection = await selectFiles(workspaceOf(deps, input.run), input, definition)
  const { unusedExcludes, ...artifact } = await pack({
    layout: deps.home.artifacts,
    ...selection,
    mostBytes: await freeBytes(deps),
    annotations: {
      'org.opencontainers.image.revision': input.sha,
      'org.opencontainers.image.title': input.app,
    },
  })
  // The selection begins with the patterns of the file, which a workspace makes longer.
  const warnings = definition.artifact.exclude
    .filter((_, i) => unusedExcludes.includes(selection.exclude[i] ?? ''))
    .map((pattern) => `artifact.exclude: the pattern "${pattern}" leaves out nothing`)
  return { ...artifact, warnings }
}

async function selectFiles(
  checkout: string,
  input: PackInput,
  definition: PipelineFile,
): Promise<{ folder: string; include: string[]; exclude: string[] }> {
  const exclude = [...definition.artifact.exclude, ...reportPatterns(definition)]
  if (input.workspace) return selectFromWorkspace(checkout, input.workspace, exclude)
  const folder = join(checkout, input.folder)
  mustBeInside(checkout, folder)
  return { folder, include: definition.artifact.include, exclude }
}

/**
 * Reports contain times; with them in the artifact, two builds of the same commit would never have
 * the same digest.
 */
const reportPatterns = ({ steps }: PipelineFile): string[] =>
  Object.values(steps).flatMap(({ directory, reports }) =>
    reports.map((pattern) => posix.join(directory, pattern)),
  )
