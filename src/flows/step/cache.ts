import { createHash } from 'node:crypto'
import { existsSync, lstatSync, renameSync } from 'node:fs'
import { glob, mkdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { StepFile } from '#contract/pipeline-file/step-file.ts'
import { findCache, putCache } from '#domains/pipeline/cache-store.ts'
import { hasReports, copyReports } from '#domains/report/store.ts'
import { atInside, mustBeInside } from '#platform/file/inside.ts'
import { chownTree } from '#platform/process/isolation.ts'
import { collectGarbage, pack, unpack } from '#platform/oci/oci.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import { tmpOf } from './confinement.ts'
import type { Dependencies } from '#flows/dependencies.ts'

/** A step in a folder, of which something may be kept. */
export interface Cached {
  app: string
  run: number
  /** its name with the values of its matrix */
  name: string
  file: StepFile
  folder: string
  /** the top of the repository, which holds the folder */
  workspace: string
  /** what else decides its result: commands, variables, secrets */
  environment: Record<string, string>
}

/** What is put back is given to the user of the steps; null when that is the server's. */
export interface Restored extends Cached {
  owner: number | null
}

const layoutOf = (deps: Dependencies): string => join(deps.home.root, 'cache', 'layout')
const machine = `${process.platform}/${process.arch}`

export type CacheState = 'hit' | 'near' | 'miss'

/**
 * Puts the folders of a step's cache in place. Null when it has none. What cannot be unpacked is a
 * miss.
 */
export async function restoreCache(deps: Dependencies, step: Restored): Promise<CacheState | null> {
  const { paths } = step.file.cache
  if (paths.length === 0) return null
  const key = await cacheKey(step)
  const entry = await findCache(deps.db, { app: step.app, step: step.name, kind: 'cache', key })
  if (!entry?.digest || !(await putBack(deps, step, entry.digest, paths))) return 'miss'
  return entry.key === key ? 'hit' : 'near'
}

/** Keeps the folders of a step that passed, unless what is kept fits already. */
export async function saveCache(
  deps: Dependencies,
  step: Cached,
  attempt: number,
  state: CacheState | null,
): Promise<Statement[]> {
  const { paths, key } = step.file.cache
  if (state === null || (state === 'hit' && key.length > 0)) return []
  const kept = await keep(deps, step, paths)
  if (kept === null) return []
  return [
    putCache({
      app: step.app,
      step: step.name,
      kind: 'cache',
      key: await cacheKey(step),
      ...kept,
      run: step.run,
      attempt,
    }),
  ]
}

const cacheKey = async ({ file, folder }: Cached): Promise<string> =>
  hash([machine, ...file.cache.paths, ...(await contents(folder, file.cache.key))])

/** The key of a step's result: all that it depends on. Null when its file does not say. */
export async function resultKey({ file, folder, environment }: Cached): Promise<string | null> {
  if (file.inputs.length === 0) return null
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
  return hash([machine, facts, ...(await contents(folder, file.inputs))])
}

/**
 * Puts the result of an earlier run in place of running a step. Answers that run, or null when
 * there is none that still stands.
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
  if (entry.digest !== null && !(await putBack(deps, step, entry.digest, step.file.outputs)))
    return null
  return { run: entry.run, statements: copyReports(from, { ...from, run: step.run, attempt: 1 }) }
}

/** Remembers the result of a step that passed. */
export async function keepResult(
  deps: Dependencies,
  step: Cached,
  attempt: number,
  key: string | null,
): Promise<Statement[]> {
  if (key === null) return []
  const { outputs } = step.file
  const kept = outputs.length === 0 ? { digest: null, size: 0 } : await keep(deps, step, outputs)
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

async function keep(
  deps: Dependencies,
  { folder, workspace }: Cached,
  paths: string[],
): Promise<{ digest: string; size: number } | null> {
  const include = paths.filter((path) => existsSync(join(folder, path)))
  if (include.length === 0) return null
  try {
    mustBeInside(workspace, folder)
    return await pack({ layout: layoutOf(deps), folder, include, exclude: [], annotations: {} })
  } catch (error) {
    deps.log.warn('what a step made could not be kept', { error: (error as Error).message })
    return null
  }
}

/**
 * Steps may have written to the folder: no link of theirs is followed, and what is in the way is
 * only moved aside.
 */
async function putBack(
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
    deps.log.info('a cache could not be put back', { step: name, error: (error as Error).message })
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

/** `path hash` of each file that matches, by name. */
async function contents(folder: string, patterns: string[]): Promise<string[]> {
  const found = new Set<string>()
  const isForeign = (name: string): boolean => name === '.git'
  for (const pattern of patterns)
    for await (const path of glob(pattern, { cwd: folder, exclude: isForeign })) found.add(path)
  const lines: string[] = []
  for (const path of [...found].sort()) {
    const facts = await stat(join(folder, path)).catch(() => null)
    if (facts?.isFile())
      lines.push(`${path} ${hash([await readFile(join(folder, path))])} ${facts.mode & 0o111}`)
  }
  return lines
}

function hash(parts: (string | Buffer)[]): string {
  const sum = createHash('sha256')
  for (const part of parts) sum.update(part).update('\0')
  return sum.digest('hex')
}

/** Keeps the caches of an installation within their budget (bytes). */
export async function cleanCaches(
  deps: Dependencies,
  keepOf: (bytes: number) => Promise<string[]>,
  budget: number,
): Promise<void> {
  if (existsSync(layoutOf(deps)))
    await collectGarbage({ layout: layoutOf(deps), keep: await keepOf(budget) })
}
