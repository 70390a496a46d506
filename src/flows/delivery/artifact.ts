import { join, posix } from 'node:path'
import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { insertArtifact } from '#domains/artifact/store.ts'
import { setRunArtifact } from '#domains/pipeline/store.ts'
import type { StepContext } from '#engine/workflow.ts'
import { mustBeInside } from '#platform/file/inside.ts'
import { pack } from '#platform/oci/oci.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { freeBytes } from './disk.ts'
import { type DeliveryInput, workspaceOf } from './input.ts'

/** Packs the app's folder of the workspace as an artifact and returns its digest. */
export async function packArtifact(
  deps: Dependencies,
  step: StepContext,
  input: DeliveryInput & { folder: string },
  definition: PipelineFile,
): Promise<string> {
  const artifact = await packFolder(deps, input, definition)
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
  input: DeliveryInput & { folder: string },
  definition: PipelineFile,
): Promise<{ digest: string; size: number }> {
  const workspace = workspaceOf(deps, input.run)
  const folder = join(workspace, input.folder)
  mustBeInside(workspace, folder)
  return pack({
    layout: deps.home.artifacts,
    folder,
    mostBytes: await freeBytes(deps),
    include: definition.artifact.include,
    exclude: [...definition.artifact.exclude, ...reportPatterns(definition)],
    annotations: {
      'org.opencontainers.image.revision': input.sha,
      'org.opencontainers.image.title': input.app,
    },
  })
}

/**
 * Reports contain times; with them in the artifact, two builds of the same commit would never have
 * the same digest.
 */
const reportPatterns = ({ steps }: PipelineFile): string[] =>
  Object.values(steps).flatMap(({ directory, reports }) =>
    reports.map((pattern) => posix.join(directory, pattern)),
  )
