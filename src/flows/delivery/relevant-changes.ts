import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import * as deployments from '#domains/deployment/store.ts'
import { compilePatterns, matchesAny, unmatched } from '#platform/file/pattern.ts'
import { diff } from '#platform/git/diff.ts'
import { listTree } from '#platform/git/tree.ts'
import type { Workspace } from '#platform/workspace/workspace.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { pathsOf } from './workspace.ts'

/**
 * Why a push is skipped: no file of the app differs from the last good release in production. Null
 * when a file differs, when there is no release to compare with, or when a pattern of `paths`
 * matches no file: a typo must not count as unchanged.
 */
export async function findRelevance(
  deps: Dependencies,
  input: { app: string; sha: string; run: number },
  {
    definition,
    folder,
    workspace,
  }: { definition: PipelineFile; folder: string; workspace: Workspace | null },
): Promise<{ skip: string | null; warnings: string[] }> {
  if (definition.paths.length === 0 && folder === '.') return { skip: null, warnings: [] }
  const files = await listTree(deps.source.bareOf(input.app), input.sha)
  const paths =
    definition.paths.length > 0
      ? definition.paths
      : workspace === null
        ? [folder]
        : pathsOf(workspace, files)
  const unused = unmatched(compilePatterns(paths), files)
  if (unused.length > 0) return { skip: null, warnings: unused.map(warningOf) }
  return { skip: await unchangedSince(deps, input, { definition, paths }), warnings: [] }
}

const warningOf = (pattern: string): string =>
  `paths: the pattern "${pattern}" matches no file of the commit, so no push is skipped`

async function unchangedSince(
  deps: Dependencies,
  { app, sha, run }: { app: string; sha: string; run: number },
  { definition, paths }: { definition: PipelineFile; paths: string[] },
): Promise<string | null> {
  const production = Object.keys(definition.environments).at(-1)
  if (production === undefined) return null
  const where = { app, environment: production, sha, before: run }
  const base = await deployments.lastGood(deps.db, where)
  const files = base && (await diff(deps.source.bareOf(app), base.sha, sha))
  if (!files || isRelevant(paths, files)) return null
  return (
    `nothing in ${shorten(paths)} has changed since run ${base.run}, ` +
    `which was deployed to ${production}`
  )
}

const mostShown = 5

function shorten(paths: string[]): string {
  const more = paths.length - mostShown
  return more <= 1
    ? paths.join(', ')
    : `${paths.slice(0, mostShown).join(', ')} and ${more} more paths`
}

/** Returns whether the old or the new path of a changed file matches one of the patterns. */
export function isRelevant(
  paths: string[],
  files: { path: string; before: string | null }[],
): boolean {
  const patterns = compilePatterns(paths)
  return files.some(
    ({ path, before }) =>
      matchesAny(patterns, path) || (before !== null && matchesAny(patterns, before)),
  )
}
