import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { diff, touchedLines } from '#platform/git/diff.ts'
import { git, gitEnvironment } from '#platform/git/git.ts'
import {
  type InspectorRequest,
  type InspectorMessage,
} from '#platform/process/inspector-protocol.ts'
import { type Analyser, createAnalyser } from './analyser.ts'
import { createBlobs } from './blobs.ts'
import { type InspectionCache, openCache } from './cache.ts'
import { reportOf, type Touched } from './code.ts'
import type { CodeFile } from './duplicates.ts'
import { languageOf } from './languages.ts'
import { programOf } from '#platform/process/program.ts'

/** Blobs between two saves of the cache, so that a restart after a crash continues. */
const saveEvery = 200
const largestBlob = 1_000_000

const send = (message: InspectorMessage): void =>
  void process.stdout.write(`${JSON.stringify(message)}\n`)

/**
 * The face that reads untrusted code in a separate process. It receives its request as JSON on
 * standard input.
 */
export async function main(): Promise<number> {
  const request = JSON.parse(await text(process.stdin)) as InspectorRequest
  const { repository, sha, base } = request
  const cache = await openCache(request.cache)
  for (const { blob, reason } of request.skip) cache.put(blob, { unmeasured: reason })
  const trees = await Promise.all(
    [sha, ...(base === null ? [] : [base])].map((one) => blobsOf(repository, one)),
  )
  await measure(repository, trees.flat(), cache)
  const filesOf = (tree: Blob[]): CodeFile[] =>
    tree.flatMap(({ path, blob }) => {
      const inspection = cache.get(blob)
      return inspection && !('unmeasured' in inspection) ? [{ path, inspection }] : []
    })
  const skipped = (trees[0] ?? []).flatMap(({ path, blob }) => {
    const inspection = cache.get(blob)
    const isSkipped = inspection && 'unmeasured' in inspection
    return isSkipped ? [{ file: path, reason: inspection.unmeasured }] : []
  })
  const changed = await touched(repository, base ?? request.change, sha)
  const [now = [], before] = trees.map(filesOf)
  send({
    kind: 'result',
    report: reportOf(now, before ?? null, changed, skipped),
  })
  return 0
}

interface Blob {
  blob: string
  path: string
}

/** The files of a commit in a known language. */
async function blobsOf(repository: string, sha: string): Promise<Blob[]> {
  const { stdout } = await git(repository, [
    'ls-tree',
    '-r',
    '-l',
    '-z',
    '--full-tree',
    '--end-of-options',
    sha,
  ])
  return stdout.split('\0').flatMap((entry) => {
    const [, blob = '', size, path = ''] =
      /^100\d{3} blob ([0-9a-f]+) +(\d+)\t([^]*)$/.exec(entry) ?? []
    return languageOf(path) && Number(size) <= largestBlob ? [{ blob, path }] : []
  })
}

async function measure(repository: string, blobs: Blob[], cache: InspectionCache): Promise<void> {
  const missing = new Map(
    blobs.filter(({ blob }) => cache.get(blob) === undefined).map(({ blob, path }) => [blob, path]),
  )
  if (missing.size > 0) await measureAll(repository, missing, cache, await createAnalyser())
  await cache.save()
}

async function measureAll(
  repository: string,
  missing: Map<string, string>,
  cache: InspectionCache,
  analyser: Analyser,
): Promise<void> {
  const reader = spawn(programOf('git'), ['cat-file', '--batch'], {
    cwd: repository,
    env: gitEnvironment(),
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const contents = createBlobs(reader.stdout)
  let count = 0
  for (const [blob, path] of missing) {
    send({ kind: 'at', blob, file: path })
    reader.stdin.write(`${blob}\n`)
    const content = await contents.next()
    cache.put(blob, content === null ? null : await analyser.inspect(path, content))
    if ((count += 1) % saveEvery === 0) await cache.save()
  }
  reader.stdin.end()
}

async function touched(
  repository: string,
  base: string | null,
  sha: string,
): Promise<Map<string, Touched>> {
  const files = (await diff(repository, base, sha)) ?? []
  const lines = touchedLines(files)
  return new Map(
    files.map(({ path, before }) => [path, { before, lines: lines.get(path) ?? new Set() }]),
  )
}
