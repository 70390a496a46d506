import { readFile } from 'node:fs/promises'
import { existsSync, realpathSync } from 'node:fs'
import { basename, dirname, join, posix, relative, resolve, sep } from 'node:path'
import type {
  CheckResult,
  HostSwitchControl,
  Local,
  LocalRepository,
  RunMessage,
} from '#cli/local.ts'
import { FairleadError } from '#contract/errors.ts'
import type { CanaryFile } from '#contract/pipeline-file/canary-file.ts'
import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { expandPipeline, expandSteps } from '#domains/pipeline/expand.ts'
import type { ReadResult } from '#domains/pipeline/file.ts'
import { listMatching } from '#platform/file/matching.ts'
import { compilePatterns } from '#platform/file/pattern.ts'
import { git, GitError } from '#platform/git/git.ts'
import { type Home, homeFrom } from '#platform/home.ts'
import type { HostClient } from '#platform/process/host-client.ts'
import { machineVariables } from '#platform/process/machine.ts'
import { version } from '#platform/self.ts'
import { findServer, startServer, stopServer } from './server-process.ts'
import { rememberWritten, writtenPaths } from './written.ts'

/**
 * The local services of the CLI. Each imports only what it needs, so that `--version` starts fast.
 */
export function createLocal(env: Record<string, string | undefined>): Local {
  const home = (): Home => homeFrom(env)
  return {
    version,
    connection: async () => {
      const url = env['FAIRLEAD_URL']
      if (url) return { url: url.replace(/\/$/, ''), token: env['FAIRLEAD_TOKEN'] ?? '' }
      return findServer(home())
    },
    startServer: () => startServer(home(), env),
    server: async (options) =>
      (await import('#server/main.ts')).main({ home: home(), env, ...options }),
    host: async (options) => (await import('#host/main.ts')).main(options),
    runner: async () => (await import('#runner/main.ts')).main(),
    static: async (folder) => (await import('#host/static.ts')).main([folder]),
    stop: async ({ host }) => {
      await stopServer(home())
      if (host) await (await import('#platform/process/host-process.ts')).stopHost(home())
    },
    check: async (folder) => check(await folderOfApp(folder), env),
    init: async (folder) => {
      const file = join(resolve(folder), 'fairlead.yaml')
      const exists = await hasFile(resolve(folder))
      const { proposePipelineFile } = await import('#domains/init/init.ts')
      const { readPipelineFile } = await import('#domains/pipeline/file.ts')
      const { targets } = await import('#domains/deployment/targets.generated.ts')
      const isValid = (text: string): boolean =>
        readPipelineFile(text, { file: 'fairlead.yaml', defaultApp: 'app', targets }).ok
      return { file, exists, ...(await proposePipelineFile(resolve(folder), isValid)) }
    },
    import: async (kind, folder) => {
      const file = join(resolve(folder), 'fairlead.yaml')
      const exists = await hasFile(resolve(folder))
      const { importFile } = await import('#domains/init/import/import.ts')
      const { readPipelineFile } = await import('#domains/pipeline/file.ts')
      const { targets } = await import('#domains/deployment/targets.generated.ts')
      const problemOf = (text: string): string | null => {
        const read = readPipelineFile(text, { file: 'fairlead.yaml', defaultApp: 'app', targets })
        return read.ok ? null : (read.problems[0]?.problem ?? 'it has problems')
      }
      return { file, exists, ...importFile(kind, resolve(folder), problemOf) }
    },
    run: async (folder, options, report) =>
      run(await folderOfApp(folder), options, report, { home: home(), env }),
    planCanary: async (folder, environment, traffic) => {
      const { planCanary } = await import('#domains/verdict/plan.ts')
      return planCanary({ ...traffic, canary: await canaryOf(folder, environment) })
    },
    verifyEvidence: async (evidence, digest, keys) =>
      (await import('./evidence.ts')).verifyEvidence(evidence, digest, keys),
    backup: async (file) => (await import('./database.ts')).backupTo(home(), env, resolve(file)),
    restore: async (file) =>
      (await import('./database.ts')).restoreFrom(home(), env, resolve(file)),
    link: async (wanted) => (await import('./database.ts')).createLink(home(), wanted),
    hostSwitches: () => (env['FAIRLEAD_URL'] ? null : hostSwitches(home())),
    faults: {
      list: async () => (await import('#host/fault/offline.ts')).listOffline(home().host),
      undo: async (ids) => (await import('#host/fault/offline.ts')).undoOffline(home().host, ids),
    },
    chaos: {
      check: async (file) => (await import('./chaos.ts')).checkChaos(file),
      run: async (file, options) => (await import('./chaos.ts')).runChaos(file, options, env),
    },
    doctor: async () => (await import('./doctor.ts')).examine(home(), env),
    repository,
    commitFile,
  }
}

function hostSwitches({ hostSocket }: Home): HostSwitchControl {
  const use = async <T>(work: (host: HostClient) => Promise<T>): Promise<T> => {
    const { createHostClient } = await import('#platform/process/host-client.ts')
    const host = createHostClient(hostSocket)
    try {
      return await work(host)
    } finally {
      host.close()
    }
  }
  return {
    list: (app, environment) => use((host) => host.listSwitches(app, environment)),
    change: ({ app, environment, name }, request) =>
      use((host) => host.changeSwitch(app, environment, name, request)),
  }
}

/** The nearest folder with a fairlead.yaml, from this one up to the root of its repository. */
async function folderOfApp(folder: string): Promise<string> {
  for (let at = resolve(folder); ; at = dirname(at)) {
    if (await hasFile(at)) return at
    if (existsSync(join(at, '.git')) || dirname(at) === at) return resolve(folder)
  }
}

/** What to do about a missing fairlead.yaml: folders below may have one each. */
async function missingFileHint(folder: string): Promise<string> {
  const wanted = compilePatterns(['**/fairlead.yaml'])
  const names = await listMatching(folder, wanted, ['.git', 'node_modules'])
  const folders = names.map((name) => posix.dirname(name)).slice(0, 5)
  return folders.length > 0
    ? `Name the folder of an app: ${folders.join(', ')}`
    : 'Have it written with `fairlead init` in the folder of the app, look at it, and commit it'
}

/** `env` names the installation of this machine, whose ports the file must not use. */
async function read(
  folder: string,
  env?: Record<string, string | undefined>,
): Promise<{ file: string; result: ReadResult }> {
  const file = join(resolve(folder), 'fairlead.yaml')
  const bytes = await readFile(file).catch(async (error: NodeJS.ErrnoException) => {
    const isMissing = error.code === 'ENOENT'
    const problem = isMissing ? 'there is no such file' : `it cannot be read (${error.code})`
    throw new FairleadError('pipeline_file', {
      file,
      line: 1,
      column: 1,
      problem,
      hint: isMissing ? await missingFileHint(folder) : 'Make it readable',
    })
  })
  const { readPipelineFile } = await import('#domains/pipeline/file.ts')
  const { targets } = await import('#domains/deployment/targets.generated.ts')
  const { reservedPorts } = await import('#server/ports.ts')
  return {
    file,
    result: readPipelineFile(bytes, {
      file: 'fairlead.yaml',
      defaultApp: appName(folder),
      targets,
      // The ports of a server on another machine are not known here.
      reservedPorts:
        env && !env['FAIRLEAD_URL'] ? reservedPorts(homeFrom(env), env['DATABASE_URL']) : [],
    }),
  }
}

/** The first problem of a fairlead.yaml. */
function unreadable(file: string, [first]: CheckResult['problems']): FairleadError {
  const { line = 1, column = 1, problem = '', hint = '' } = first ?? {}
  return new FairleadError('pipeline_file', { file, line, column, problem, hint })
}

/** The keys of `canary` of an environment; the defaults without a fairlead.yaml. */
async function canaryOf(folder: string, environment: string | undefined): Promise<CanaryFile> {
  const { canaryFile } = await import('#contract/pipeline-file/canary-file.ts')
  if (environment === undefined && !(await hasFile(resolve(folder)))) return canaryFile.parse({})
  const { file, result } = await read(folder)
  if (!result.ok) throw unreadable(file, result.problems)
  const all = Object.entries(result.pipeline.environments)
  const [, found] =
    all.findLast(([name, { strategy }]) =>
      environment === undefined ? strategy === 'canary' : name === environment,
    ) ?? []
  if (environment !== undefined && !found)
    throw new FairleadError('not_found', { kind: 'environment', id: environment })
  return found?.canary ?? canaryFile.parse({})
}

async function check(
  folder: string,
  env: Record<string, string | undefined>,
): Promise<CheckResult> {
  const { file, result } = await read(folder, env)
  if (!result.ok) return { file, problems: result.problems, warnings: [], summary: [], app: null }
  const { pipeline } = result
  const warnings = await (await import('./unmatched.ts')).unmatchedPatterns(folder, pipeline)
  return { file, problems: [], warnings, summary: summarise(pipeline), app: pipeline.app }
}

function summarise(pipeline: PipelineFile): string[] {
  const verified = (name: string): string =>
    pipeline.environments[name]?.verify ? `${name} (verified)` : name
  return [
    `steps         ${Object.keys(pipeline.steps).join(', ') || 'none'}`,
    `services      ${Object.keys(pipeline.services).join(', ') || 'none'}`,
    `environments  ${Object.keys(pipeline.environments).map(verified).join(' → ')}`,
  ]
}

/** The name of a folder as an app name: lower case, with hyphens for other characters. */
function appName(folder: string): string {
  const name = basename(resolve(folder))
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40)
    .replace(/-+$/, '')
  return name || 'app'
}

async function run(
  folder: string,
  options: { steps: string[]; signal: AbortSignal },
  report: (message: RunMessage) => void,
  { home, env }: { home: Home; env: Record<string, string | undefined> },
) {
  const { file, result } = await read(folder, env)
  if (!result.ok) throw unreadable(file, result.problems)
  const [{ startLocalRunner }, { localRun }, { defaultSlots }] = await Promise.all([
    import('./local-runner.ts'),
    import('#flows/step/local-run.ts'),
    import('#flows/step/slots.ts'),
  ])
  const { sha, branch } = await headOf(folder)
  const { runner, logs, close } = await startLocalRunner()
  try {
    return await rememberWritten(resolve(folder), () =>
      localRun({
        folder: resolve(folder),
        ...expanded(result.pipeline, options.steps),
        runner,
        logs,
        home: join(home.root, 'cache', result.pipeline.app),
        environment: env,
        machine: machineVariables(env),
        sha,
        branch,
        report,
        signal: options.signal,
        parallel: defaultSlots(),
        now: Date.now,
      }),
    )
  } finally {
    await close()
  }
}

/** Steps with their matrices and parts; a name from the file selects all of its parts. */
function expanded<P extends PipelineFile>(
  pipeline: P,
  names: string[],
): { pipeline: P; steps: string[] } {
  const all = expandSteps(pipeline.steps)
  const steps = names.flatMap((name) => {
    const mine = all.filter((one) => one.origin === name).map((one) => one.name)
    return mine.length === 0 ? [name] : mine
  })
  return { pipeline: expandPipeline(pipeline), steps }
}

/** The HEAD commit of a folder; empty without one. */
async function headOf(folder: string): Promise<{ sha: string; branch: string }> {
  const { head, branch } = await repository(folder).catch(() => ({ head: '', branch: '' }))
  return { sha: head, branch }
}

/** Patterns of the files that steps write into the working tree. */
async function filesOfSteps(folder: string): Promise<string[]> {
  const found = (await hasFile(folder)) ? (await read(folder)).result : null
  if (!found?.ok) return []
  return Object.values(found.pipeline.steps).flatMap(({ directory, reports, outputs, cache }) =>
    [...reports, ...outputs, ...cache.paths].map((one) => posix.join(directory, one)),
  )
}

/** Whether a line of `git status` names an untracked path that contains what steps write. */
const isUntracked = (line: string, pattern: string): boolean => {
  if (!line.startsWith('?? ')) return false
  const path = line.slice(3).replace(/\/$/, '')
  return posix.matchesGlob(path, pattern) || pattern.startsWith(`${path}/`)
}

const hasFile = (folder: string): Promise<boolean> =>
  readFile(join(folder, 'fairlead.yaml')).then(
    () => true,
    () => false,
  )

async function repository(folder: string): Promise<LocalRepository> {
  const at = resolve(folder)
  const ask = async (...args: string[]): Promise<string> => (await git(at, args)).stdout.trim()
  try {
    const top = await ask('rev-parse', '--show-toplevel')
    const head = await ask('rev-parse', '--verify', 'HEAD^{commit}').catch(() => {
      throw new FairleadError('repository', { repository: at, problem: 'it has no commit yet' })
    })
    const branch = await ask('symbolic-ref', '--short', 'HEAD').catch(() => {
      throw new FairleadError('repository', {
        repository: at,
        problem: 'its HEAD is detached; check out the branch to deliver',
      })
    })
    const found = await folderOfApp(at)
    const given = relative(top, realpathSync(found)).split(sep).join('/') || '.'
    const app = await hasFile(found).then((has) => (has ? given : '.'))
    const status = (await ask('status', '--porcelain')).split('\n').filter(Boolean)
    const path = posix.join(app, 'fairlead.yaml')
    const byRun = await writtenPaths(top)
    const written = (await filesOfSteps(join(top, app))).map((one) => posix.join(app, one))
    return {
      top,
      folder: app,
      name: appName(app === '.' ? top : found),
      branch,
      head,
      isClean: status.every(
        (line) =>
          (line.startsWith('?? ') && byRun.includes(line.slice(3))) ||
          written.some((one) => isUntracked(line, one)),
      ),
      isFileCommitted:
        (await git(top, ['ls-tree', '--name-only', head, path])).stdout.trim() !== '',
    }
  } catch (error) {
    if (error instanceof GitError)
      throw new FairleadError('repository', { repository: at, problem: error.message })
    throw error
  }
}

/** Commits as the user, whose name git takes from their configuration or their environment. */
async function commitFile({ top, folder }: LocalRepository): Promise<void> {
  const names = Object.entries(process.env).flatMap(([name, value]) =>
    /^GIT_(AUTHOR|COMMITTER)_/.test(name) && value !== undefined ? [[name, value]] : [],
  )
  const options = { network: true, env: Object.fromEntries(names) as Record<string, string> }
  const path = posix.join(folder, 'fairlead.yaml')
  try {
    await git(top, ['add', '--', path])
    await git(top, ['commit', '--quiet', '--message', 'Add fairlead.yaml', '--', path], options)
  } catch (error) {
    if (error instanceof GitError)
      throw new FairleadError('repository', { repository: top, problem: error.message })
    throw error
  }
}
