import { execFile } from 'node:child_process'
import { access, constants, statfs } from 'node:fs/promises'
import type { DoctorLine } from '#cli/local.ts'
import { createClient } from '#contract/client.ts'
import { hostProblems } from '#contract/host/problems.ts'
import { isStorageFull, storageWords } from '#contract/signal/storage.ts'
import type { Home } from '#platform/home.ts'
import { describe, findIsolation } from '#platform/process/isolation.ts'
import { isolationOptions } from '#platform/process/isolation-policy.ts'
import { findServer, readServerFile } from './server-process.ts'
import { helperEnvironment, programOf } from '#platform/process/program.ts'

/** Checks everything an installation needs. What cannot be checked is `unknown`, never `ok`. */
export async function examine(
  home: Home,
  env: Record<string, string | undefined>,
): Promise<DoctorLine[]> {
  return Promise.all([
    node(),
    gitVersion(),
    folder(home),
    disk(home),
    database(env),
    server(home),
    backgroundJobs(home),
    workflows(home),
    hosts(home),
    measurements(home),
    services(home),
    previews(home),
    isolation(home, env),
  ])
}

async function node(): Promise<DoctorLine> {
  const major = Number(process.versions.node.split('.')[0])
  const hint = major >= 24 ? '' : '; Fairlead needs 24 or newer'
  return {
    what: 'Node',
    state: major >= 24 ? 'ok' : 'problem',
    detail: `${process.version} at ${process.execPath}${hint}`,
  }
}

async function gitVersion(): Promise<DoctorLine> {
  const text = await new Promise<string | null>((resolve) => {
    execFile(programOf('git'), ['--version'], { env: helperEnvironment() }, (error, stdout) =>
      resolve(error ? null : stdout.trim()),
    )
  })
  return {
    what: 'git',
    state: text ? 'ok' : 'problem',
    detail: text ?? 'not on the PATH; install it',
  }
}

async function folder(home: Home): Promise<DoctorLine> {
  const what = 'installation'
  try {
    await access(home.root, constants.W_OK)
    return { what, state: 'ok', detail: home.root }
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    return missing
      ? { what, state: 'ok', detail: `${home.root} (made at the first start)` }
      : { what, state: 'problem', detail: `${home.root} is not writable for this user` }
  }
}

async function disk(home: Home): Promise<DoctorLine> {
  const stats = await statfs(home.root).catch(() => null)
  if (!stats)
    return { what: 'disk', state: 'unknown', detail: 'the installation has no folder yet' }
  const free = Math.floor((stats.bavail * stats.bsize) / 1e6)
  return {
    what: 'disk',
    state: free > 2000 ? 'ok' : free > 500 ? 'warning' : 'problem',
    detail: `${free} MB free`,
  }
}

async function database(env: Record<string, string | undefined>): Promise<DoctorLine> {
  return {
    what: 'database',
    state: 'ok',
    detail: env['DATABASE_URL'] ? 'PostgreSQL of DATABASE_URL' : 'embedded PostgreSQL',
  }
}

async function server(home: Home): Promise<DoctorLine> {
  const file = await readServerFile(home)
  if (!file)
    return {
      what: 'server',
      state: 'warning',
      detail: 'not running; start it with `fairlead server`',
    }
  const health = await createClient({ base: file.url })
    .health({ signal: AbortSignal.timeout(3000) })
    .catch(() => null)
  if (!health)
    return {
      what: 'server',
      state: 'problem',
      detail: `${file.url} (process ${file.pid}) does not answer`,
    }
  const parts = `database ${health.database}, host ${health.host}`
  return {
    what: 'server',
    state: health.status === 'ok' ? 'ok' : 'problem',
    detail: `${file.url}, version ${health.version}, ${parts}`,
  }
}

/** Names each background job that fails or is late. */
async function backgroundJobs(home: Home): Promise<DoctorLine> {
  const what = 'background jobs'
  const connection = await findServer(home)
  const answer =
    connection &&
    (await createClient({ base: connection.url, token: connection.token })
      .listBackgroundJobs()
      .catch(() => null))
  if (!answer) return { what, state: 'unknown', detail: 'the server does not report them' }
  const { jobs } = answer
  const problems = jobs.flatMap(({ name, replica, state, error, failures, lag }) => {
    const job = replica === null ? name : `${name} on ${replica}`
    if (state === 'failing') return [`${job} failed ${failures} times in a row: ${error}`]
    return state === 'late' ? [`${job} is ${lag} s late`] : []
  })
  return {
    what,
    state: problems.length > 0 ? 'problem' : 'ok',
    detail: problems.join('; ') || `${jobs.length} run on time`,
  }
}

/** Names each workflow that was suspended because the server crashed while it ran it. */
async function workflows(home: Home): Promise<DoctorLine> {
  const what = 'workflows'
  const connection = await findServer(home)
  const answer =
    connection &&
    (await createClient({ base: connection.url, token: connection.token })
      .listWorkflows()
      .catch(() => null))
  if (!answer) return { what, state: 'unknown', detail: 'the server does not report them' }
  const problems = answer.workflows.map(
    ({ id, reason }) =>
      `${id} is suspended: ${reason}; continue or cancel it: ` +
      `fairlead workflows continue ${id}, fairlead workflows cancel ${id}`,
  )
  return {
    what,
    state: problems.length > 0 ? 'problem' : 'ok',
    detail: problems.join('; ') || 'none is suspended',
  }
}

/** Names each host that does not answer, and what is wrong with the others. */
async function hosts(home: Home): Promise<DoctorLine> {
  const what = 'hosts'
  const connection = await findServer(home)
  const answer =
    connection &&
    (await createClient({ base: connection.url, token: connection.token })
      .listHosts()
      .catch(() => null))
  if (!answer) return { what, state: 'unknown', detail: 'the server does not report them' }
  const found = answer.hosts.flatMap((host) =>
    hostProblems(host).map((one) => ({ ...one, text: `${host.name}: ${one.text}` })),
  )
  const isBad = found.some(({ isBad }) => isBad)
  return {
    what,
    state: isBad ? 'problem' : found.length > 0 ? 'warning' : 'ok',
    detail: found.map(({ text }) => text).join('; ') || `${answer.hosts.length} answer`,
  }
}

/** What measurements take of their disk space. */
async function measurements(home: Home): Promise<DoctorLine> {
  const what = 'measurements'
  const connection = await findServer(home)
  const answer =
    connection &&
    (await createClient({ base: connection.url, token: connection.token })
      .listMachineSignals({ query: { names: 'machine-disk', minutes: 1 } })
      .catch(() => null))
  if (!answer) return { what, state: 'unknown', detail: 'the server does not report them' }
  const { used, limit } = storageWords(answer.storage)
  const isFull = isStorageFull(answer.storage)
  return { what, state: isFull ? 'warning' : 'ok', detail: isFull ? `${used}; ${limit}` : used }
}

async function services(home: Home): Promise<DoctorLine> {
  const connection = await findServer(home)
  if (!connection)
    return {
      what: 'services',
      state: 'unknown',
      detail: 'the server does not answer, so nothing is known of them',
    }
  const { lines } = await createClient({
    base: connection.url,
    token: connection.token,
  }).listLines()
  const environments = lines.flatMap((line) => [...line.environments, ...line.formerEnvironments])
  const sick = environments.filter(
    (environment) => environment.health === 'unhealthy' || environment.health === 'unknown',
  )
  const names = [
    ...sick.map(({ app, name, health: state }) => `${app}/${name} ${state}`),
    ...environments.flatMap(({ app, name, problem }) =>
      problem === null ? [] : [`${app}/${name}: ${problem}`],
    ),
    ...environments.flatMap(({ app, name, isInFile }) =>
      isInFile ? [] : [`${app}/${name} is no longer in fairlead.yaml`],
    ),
  ]
  return {
    what: 'services',
    state: names.length > 0 ? 'problem' : 'ok',
    detail: names.join(', ') || `${environments.length} environments`,
  }
}

/** The number of previews, and how current that number is. */
async function previews(home: Home): Promise<DoctorLine> {
  const what = 'previews'
  const connection = await findServer(home)
  if (!connection)
    return {
      what,
      state: 'unknown',
      detail: 'the server does not answer, so nothing is known of them',
    }
  const client = createClient({ base: connection.url, token: connection.token })
  const { apps } = await client.listApps()
  const states = await Promise.all(
    apps.map(async ({ name }) => ({
      name,
      ...(await client.listPullRequests({ params: { app: name }, query: { limit: 1 } })),
    })),
  )
  const count = states.reduce((sum, state) => sum + state.previews, 0)
  const problems = states.flatMap(({ name, problem }) =>
    problem === null ? [] : [`${name}: ${problem}`],
  )
  const oldest = states.flatMap(({ looked }) => looked ?? []).toSorted()[0]
  const since = oldest === undefined ? '' : `, last known for certain at ${oldest}`
  return {
    what,
    state: problems.length > 0 ? 'warning' : 'ok',
    detail: [`${count} of pull requests${since}`, ...problems].join('; '),
  }
}

/** What separates steps from the server's files. */
async function isolation(home: Home, env: Record<string, string | undefined>): Promise<DoctorLine> {
  const what = 'isolation'
  try {
    const found = await findIsolation(isolationOptions(home.root, env))
    const description = describe(found, { app: null, network: true })
    if (found.kind === 'confined') return { what, state: 'ok', detail: `steps: ${description}` }
    return {
      what,
      state: 'warning',
      detail: `steps run as the server's user, and can read its files: ${found.problem}`,
    }
  } catch (error) {
    return { what, state: 'problem', detail: (error as Error).message }
  }
}
