import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { targets } from '#domains/deployment/targets.generated.ts'
import { readPipelineFile } from '#domains/pipeline/file.ts'
import { git } from '#platform/git/git.ts'
import { unmatchedPatterns } from './unmatched.ts'

function pipelineOf(text: string): PipelineFile {
  const read = readPipelineFile(text, { file: 'fairlead.yaml', defaultApp: 'app', targets })
  if (!read.ok) throw new Error(JSON.stringify(read.problems))
  return read.pipeline
}

test('warns of patterns without a file, but not of files that a step may create', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-'))
  await git(folder, ['init', '--quiet'])
  mkdirSync(join(folder, 'src'))
  writeFileSync(join(folder, 'src/main.ts'), '')
  const file = `
paths: [src/**, shpo/**]
steps:
  build: {run: make, inputs: [src, scr/**], outputs: dist, cache: {paths: kept, key: none.lock}}
  pack: {run: make pack, inputs: dist, outputs: out}
`
  const unmatched = (text: string): Promise<string[]> => unmatchedPatterns(folder, pipelineOf(text))
  expect(await unmatched('artifact: {include: [src], exclude: [src/*.ts, "*.map"]}')).toEqual([
    'artifact.exclude: the pattern "*.map" matches no file',
  ])
  expect(await unmatched(file)).toEqual([
    'paths: the pattern "shpo/**" matches no file',
    'steps.build.inputs: the pattern "scr/**" matches no file',
    'steps.build.cache.key: the pattern "none.lock" matches no file',
  ])
})
