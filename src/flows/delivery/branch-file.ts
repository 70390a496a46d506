import { posix } from 'node:path'
import { pipelineFile, type PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { targets } from '#domains/deployment/targets.generated.ts'
import { readPipelineFile } from '#domains/pipeline/file.ts'
import { readFileOf } from '#domains/source/heads.ts'
import type { Dependencies } from '#flows/dependencies.ts'

/**
 * Reads fairlead.yaml from the branch. Its environments, secrets and settings for pull requests
 * apply until a pull request that changes them is merged. Null when the branch or its file cannot
 * be read.
 */
export async function readBranchFile(
  source: Dependencies['source'],
  app: string,
): Promise<PipelineFile | null> {
  const stored = await source.stored(app)
  if (!stored || stored.head === null) return null
  const path = posix.join(stored.folder, 'fairlead.yaml')
  const text = await readFileOf(source.bareOf(app), stored.head, path)
  if (text === null) return pipelineFile.parse({})
  const read = readPipelineFile(text, { file: path, defaultApp: app, targets })
  return read.ok ? read.pipeline : null
}
