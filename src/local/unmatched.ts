import { join, resolve } from 'node:path'
import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { buildGraph } from '#domains/pipeline/graph.ts'
import { listMatching } from '#platform/file/matching.ts'
import { compilePatterns, unmatched } from '#platform/file/pattern.ts'
import { git, GitError } from '#platform/git/git.ts'

/**
 * Warns of patterns that match no file of a folder: `paths`, those of steps that wait for no other
 * step, and without steps those of the artifact. A step can create the files of the steps after it,
 * so those are unknown here.
 */
export async function unmatchedPatterns(folder: string, pipeline: PipelineFile): Promise<string[]> {
  const { steps, paths, artifact } = pipeline
  const first = [...buildGraph(steps)].filter(([, needs]) => needs.length === 0)
  const ofSteps = first.flatMap(([name]) => {
    const step = steps[name]
    if (!step) return []
    const keys = {
      inputs: step.inputs,
      'cache.key': step.cache.key,
      'split.files': step.split?.files,
    }
    return Object.entries(keys).map(([key, patterns]) => ({
      key: `steps.${name}.${key}`,
      folder: join(resolve(folder), step.directory),
      patterns: patterns ?? [],
    }))
  })
  const ofArtifact = Object.keys(steps).length > 0 ? { include: [], exclude: [] } : artifact
  const inFolder = [
    ...ofSteps,
    { key: 'artifact.include', folder: resolve(folder), patterns: ofArtifact.include },
    { key: 'artifact.exclude', folder: resolve(folder), patterns: ofArtifact.exclude },
  ]
  const missing = await Promise.all([
    inRepository(folder, paths),
    ...inFolder.map(async (one) =>
      toWarnings(one.key, await unmatchedIn(one.folder, one.patterns)),
    ),
  ])
  return missing.flat()
}

const toWarnings = (key: string, patterns: string[]): string[] =>
  patterns.map((pattern) => `${key}: the pattern "${pattern}" matches no file`)

async function unmatchedIn(folder: string, patterns: string[]): Promise<string[]> {
  const compiled = compilePatterns(patterns)
  if (compiled.length === 0 || patterns.includes('.')) return []
  return unmatched(compiled, await listMatching(folder, compiled, ['.git']))
}

/** `paths` are relative to the root of the repository; without one they are unknown. */
async function inRepository(folder: string, paths: string[]): Promise<string[]> {
  if (paths.length === 0) return []
  try {
    const top = (await git(folder, ['rev-parse', '--show-toplevel'])).stdout.trim()
    const { stdout } = await git(top, ['ls-files', '-z', '--cached', '--others'])
    return toWarnings('paths', unmatched(compilePatterns(paths), stdout.split('\0')))
  } catch (error) {
    if (error instanceof GitError) return []
    throw error
  }
}
