import { createHash } from 'node:crypto'
import { existsSync, lstatSync, renameSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { StepFile } from '#contract/pipeline-file/step-file.ts'
import { findCache, putCache } from '#domains/pipeline/cache-store.ts'
import { hasReports, copyReports } from '#domains/report/store.ts'
import { atInside, mustBeInside } from '#platform/file/inside.ts'
import { chownTree } from '#platform/process/isolation.ts'
import { collectGarbage, pack, unpack } from '#platform/oci/oci.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import { tmpOf } from './confinement.ts'
import { freeBytes } from '#flows/delivery/disk.ts'
import { readContents } from './inputs.ts'
import type { Dependencies } from '#flows/dependencies.ts'

/** A step whose files or result may be kept between runs. */
export interface Cached {
  app: string
  run: number
  /** its name, with the values of its matrix */
  name: string
  file: StepFile
  /** folder in which the step runs */
  folder: string
  /** root of the checkout, which contains `folder` */
  workspace: string
  /** variables and secrets, which affect the result */
  environment: Record<string, string>
  /** reports what is not as the file says, such as a pattern without a file */
  warn(text: string): void
}

/** A step whose files can be restored. */
export interface Restored extends Cached {
  /** uid that owns restored files; null for the user of the server */
  owner: number | null
}

const layoutOf = (deps: Dependencies): string => join(deps.home.root, 'cache', 'layout')
const machine = `${process.platform}/${process.arch}`

export type CacheState = 'hit' | 'near' | 'miss'

/** The cache of a step as it was before the step, which may change the files of its key. */
export interface RestoredCache {
  state: CacheState
  key: string
}

/** Restores the cached folders of a step; a cache that cannot be unpacked is a miss. Null when the
 * step has no cache. */
export async function restoreCache(
  deps: Dependencies,
  step: Restored,
): Promise<RestoredCache | null> {
  const { paths } = step.file.cache
  if (paths.length === 0) return null
  const key = await cacheKey(step)
  const entry = await findCache(deps.db, { app: step.app, step: step.name, kind: 'cache', key })
  if (!entry?.digest || !(await restore(deps, step, entry.digest, paths)))
    return { state: 'miss', key }
  return { state: entry.key === key ? 'hit' : 'near', key }
}

/** Stores the folders of a step that passed, unless the cache has them already. */
export async function saveCache(
  deps: Dependencies,
  step: Cached,
  attempt: number,
  restored: RestoredCache | null,
): Promise<Statement[]> {
  const { paths, key } = step.file.cache
  if (restored === null || (restored.state === 'hit' && key.length > 0)) return []
  warnOfMissing(step, 'cache.paths', paths)
  const kept = await packPaths(deps, step, paths)
  if (kept === null) return []
  return [
    putCache({
      app: step.app,
      step: step.name,
      kind: 'cache',
      key: restored.key,
      ...kept,
      run: step.run,
      attempt,
    }),
  ]
}

async function cacheKey(step: Cached): Promise<string> {
  const { cache } = step.file
  const { problem, lines } = await readContents(step, cache.key)
  // A key that cannot be determined belongs to no other run.
  if (problem !== null)
    step.warn(`cache.key: ${problem}, so the newest cache is restored, and each run stores its own`)
  return hash([machine, ...cache.paths, ...(problem === null ? lines : [`run ${step.run}`])])
}

/**
 * Hash of everything that the result of a step depends on. Null when it declares no inputs, or when
 * their content is unknown: the step then runs.
 */
export async function resultKey(step: Cached): Promise<string | null> {
  const { file, environment } = step
  if (file.inputs.length === 0) return null
  const { problem, lines } = await readContents(step, file.inputs)
  if (problem !== null) {
    step.warn(`inputs: ${problem}, so its result is not reused`)
    return null
  }
  const { run, rerun, directory, services, reports, outputs, tools } = file
  const facts = JSON.stringify({
    run,
    rerun,
    directory,
    services,
    reports,
    outputs,
    tools,
    environment,
  })
  return hash([machine, facts, ...lines])
}

/**
 * Restores the result of an earlier run with the same key. Returns that run and the statements that
 * copy its reports, or null when no complete result exists.
 */
export async function reuseResult(
  deps: Dependencies,
  step: Restored,
  key: string | null,
): Promise<{ run: number; statements: Statement[] } | null> {
  if (key === null) return null
  const entry = await findCache(deps.db, { app: step.app, step: step.name, kind: 'result', key })
  if (!entry || entry.run === step.run) return null
  const from = { app: step.app, run: entry.run, step: step.name, attempt: entry.attempt }
  if (step.file.reports.length > 0 && !(await hasReports(deps.db, from))) return null
  if (entry.digest !== null && !(await restore(deps, step, entry.digest, step.file.outputs)))
    return null
  return { run: entry.run, statements: copyReports(from, { ...from, run: step.run, attempt: 1 }) }
}

/** Stores the result of a step that passed, unless an output is missing. */
export async function keepResult(
  deps: Dependencies,
  step: Cached,
  attempt: number,
  key: string | null,
): Promise<Statement[]> {
  if (key === null) return []
  const { outputs } = step.file
  if (warnOfMissing(step, 'outputs', outputs)) return []
  const kept =
    outputs.length === 0 ? { digest: null, size: 0 } : await packPaths(deps, step, outputs)
  if (kept === null) return []
  return [
    putCache({
      app: step.app,
      step: step.name,
      kind: 'result',
      key,
      ...kept,
      run: step.run,
      attempt,
    }),
  ]
}

/** Warns of each path that does not exist after the step; returns whether there is one. */
function warnOfMissing(
  { folder, warn }: Cached,
  key: 'outputs' | 'cache.paths',
  paths: string[],
): boolean {
  const missing = paths.filter((path) => !existsSync(join(folder, path)))
  const then = key === 'outputs' ? ', so its result is not reused' : ''
  for (const path of missing) warn(`${key}: there is no "${path}" after the step${then}`)
  return missing.length > 0
}

async function packPaths(
  deps: Dependencies,
  { folder, workspace }: Cached,
  paths: string[],
): Promise<{ digest: string; size: number } | null> {
  const include = paths.filter((path) => existsSync(join(folder, path)))
  if (include.length === 0) return null
  try {
    mustBeInside(workspace, folder)
    const { digest, size } = await pack({
      layout: layoutOf(deps),
      folder,
      mostBytes: await freeBytes(deps),
      include,
      exclude: [],
      annotations: {},
    })
    return { digest, size }
  } catch (error) {
    deps.log.warn('files of a step could not be stored', { error: (error as Error).message })
    return null
  }
}

/**
 * Unpacks an artifact into the folder of a step. Steps may have written there: follows no link, and
 * moves existing files aside instead of deleting them.
 */
async function restore(
  deps: Dependencies,
  step: Restored,
  digest: string,
  paths: string[],
): Promise<boolean> {
  const { workspace, folder, name, owner } = step
  const temporary = join(tmpOf(deps, step.run), `${name}.cache`)
  try {
    await rm(temporary, { recursive: true, force: true })
    await mkdir(temporary, { recursive: true, mode: 0o700 })
    await unpack({
      layout: layoutOf(deps),
      digest,
      folder: join(temporary, 'new'),
      durable: false,
      keepFree: (await deps.disk()).floor * 1e6,
    })
    if (owner !== null) await chownTree(owner, join(temporary, 'new'))
    for (const [index, path] of paths.entries()) {
      if (!existsSync(join(temporary, 'new', path))) continue
      atInside(workspace, join(folder, path), owner, (place) => {
        if (isThere(place)) renameSync(place, join(temporary, `old${index}`))
        atInside(join(temporary, 'new'), path, owner, (source) => renameSync(source, place))
      })
    }
    return true
  } catch (error) {
    deps.log.info('a cache could not be restored', { step: name, error: (error as Error).message })
    return false
  }
}

function isThere(place: string): boolean {
  try {
    lstatSync(place)
    return true
  } catch {
    return false
  }
}

function hash(parts: string[]): string {
  const sum = createHash('sha256')
  for (const part of parts) sum.update(part).update('\0')
  return sum.digest('hex')
}

/** Trims the caches of an installation to `budget` bytes; `trim` returns the digests to keep. */
export async function cleanCaches(
  deps: Dependencies,
  trim: (bytes: number) => Promise<string[]>,
  budget: number,
): Promise<void> {
  if (existsSync(layoutOf(deps)))
    await collectGarbage({ layout: layoutOf(deps), keep: await trim(budget) })
}
