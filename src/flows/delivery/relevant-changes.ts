import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import * as deployments from '#domains/deployment/store.ts'
import { compilePatterns, matchesAny } from '#platform/file/pattern.ts'
import { diff } from '#platform/git/diff.ts'
import type { Dependencies } from '#flows/dependencies.ts'

/**
 * Why a push is skipped: no file of the app differs from the last good release in production. Null
 * when a file differs, or when there is no release to compare with.
 */
export async function hasNoRelevantChanges(
  deps: Dependencies,
  input: { app: string; sha: string; run: number },
  { definition, folder }: { definition: PipelineFile; folder: string },
): Promise<string | null> {
  const paths = definition.paths.length > 0 || folder === '.' ? definition.paths : [folder]
  const production = Object.keys(definition.environments).at(-1)
  if (paths.length === 0 || production === undefined) return null
  const { app, sha, run } = input
  const base = await deployments.lastGood(deps.db, {
    app,
    environment: production,
    sha,
    before: run,
  })
  const files = base && (await diff(deps.source.bareOf(app), base.sha, sha))
  const patterns = compilePatterns(paths)
  const isRelevant = (path: string | null): boolean => path !== null && matchesAny(patterns, path)
  if (!files || files.some(({ path, before }) => isRelevant(path) || isRelevant(before)))
    return null
  return (
    `nothing in ${paths.join(', ')} has changed since run ${base.run}, ` +
    `which was deployed to ${production}`
  )
}
