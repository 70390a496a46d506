import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import type { StatusTheme } from '#contract/status-page/status-page.ts'
import { defaultSlots } from '#flows/step/slots.ts'
import { type BucketsFile, readBucketsFile } from '#platform/bucket/buckets-file.ts'
import { type Home, portSetting } from '#platform/home.ts'
import { hostUrl } from '#platform/host-url.ts'
import { edgeHttps } from '#platform/net/edge-https.ts'
import { edgeProxies, edgeProxyProtocol } from '#platform/net/edge-proxies.ts'
import { ntpSetting } from '#platform/ntp.ts'
import { type StatusPagePlace, statusPagePlace } from '#platform/status-page/place.ts'
import { statusTheme } from '#platform/status-page/theme.ts'

type Variables = Record<string, string | undefined>

/** Milliseconds between two runs of each kind of background work. */
export interface Periods {
  localRepositories: number
  remoteRepositories: number
  hostedRepositories: number
  inbox: number
  writeBack: number
  pullRequests: number
  host: number
  crashes: number
  schedule: number
  abandoned: number
  refusals: number
  cleanUp: number
  signals: number
  monitors: number
  errors: number
  rehearsals: number
  heartbeat: number
  drift: number
  jobs: number
}

/** What the environment variables of a server say, checked, with defaults. */
export interface ServerSettings {
  /** address that people and forges use */
  publicUrl: string
  /** address that the server listens on */
  listen: string
  /** host names, besides those of this machine, under which requests may come */
  hosts: string[]
  /** addresses of proxies whose word for a request's origin is believed */
  proxies: string[]
  /**
   * hosts and networks, besides public ones, that users of an app may name for forges and metrics;
   * null for all
   */
  privateHosts: string[] | null
  /** deliveries that one replica runs at the same time */
  concurrency: number
  /** how long a release must stay up before the former one is stopped, in milliseconds */
  settleMs: number
  /** steps that run at the same time */
  steps: number
  /** bytes that caches of steps may use */
  cacheBudget: number
  /** bytes that measurements may use in the database */
  signalBudget: number
  /** bytes that the details of errors may use in the database */
  errorBudget: number
  /** addresses `host:port` that prove that a host is connected */
  reach: string[]
  /** folders that targets may publish files to */
  publishFolders: string[]
  /** folders of other machines that targets may publish to, as `USER@HOST:FOLDER` */
  remoteFolders: string[]
  /** the buckets that targets may publish to, by name */
  buckets: BucketsFile
  /** megabytes of free disk below which new work waits */
  diskFloor: number
  /** the mail server for alerts; null without one */
  mail: { url: string; from: string } | null
  /** folder of the programs that alerts may run; null for none */
  channelCommands: string | null
  /** the address outside that is called while this installation works; null for none */
  heartbeat: string | null
  /** milliseconds without a server after which a host notifies people; 0 for never */
  hostPagesMs: number
  /** where the host serves the status page; null when it does not */
  statusPage: StatusPagePlace | null
  /** the look of the status page; undefined for the one without configuration */
  statusTheme: StatusTheme | undefined
  periods: Periods
}

const number = (variable: string, fallback: number, { min }: { min: number }) =>
  z
    .string()
    .optional()
    .transform((text) => (text === undefined || text.trim() === '' ? fallback : Number(text)))
    .refine((value) => Number.isFinite(value) && value >= min, {
      error: `${variable} must be a number of at least ${min}`,
    })

/** A period in seconds; fractions are allowed. In milliseconds. */
const seconds = (variable: string, fallback: number) =>
  number(variable, fallback, { min: 0.01 }).transform((value) => value * 1000)

/** The variables of the periods, with their defaults in seconds. */
const periodVariables: Record<keyof Periods, [variable: string, fallback: number]> = {
  localRepositories: ['FAIRLEAD_LOCAL_POLL_SECONDS', 1],
  remoteRepositories: ['FAIRLEAD_POLL_SECONDS', 30],
  hostedRepositories: ['FAIRLEAD_HOSTED_POLL_SECONDS', 30],
  inbox: ['FAIRLEAD_INBOX_SECONDS', 1],
  writeBack: ['FAIRLEAD_WRITE_BACK_SECONDS', 1],
  pullRequests: ['FAIRLEAD_PULLS_SECONDS', 60],
  host: ['FAIRLEAD_HOST_SECONDS', 0.5],
  crashes: ['FAIRLEAD_CRASHES_SECONDS', 2],
  schedule: ['FAIRLEAD_SCHEDULE_SECONDS', 5],
  abandoned: ['FAIRLEAD_ABANDONED_SECONDS', 5],
  refusals: ['FAIRLEAD_REFUSALS_SECONDS', 60],
  cleanUp: ['FAIRLEAD_CLEAN_UP_SECONDS', 600],
  signals: ['FAIRLEAD_SIGNALS_SECONDS', 5],
  monitors: ['FAIRLEAD_MONITORS_SECONDS', 1],
  errors: ['FAIRLEAD_ERRORS_SECONDS', 1],
  rehearsals: ['FAIRLEAD_REHEARSAL_SECONDS', 86_400],
  heartbeat: ['FAIRLEAD_HEARTBEAT_SECONDS', 60],
  drift: ['FAIRLEAD_DRIFT_SECONDS', 3600],
  jobs: ['FAIRLEAD_JOBS_SECONDS', 1],
}

/** Reads the settings. Throws one sentence that names the variable when a value is invalid. */
export function readSettings(
  env: Variables,
  { port, root }: Pick<Home, 'port' | 'root'>,
): ServerSettings {
  const read = <T>(schema: z.ZodType<T>, variable: string): T => {
    const result = schema.safeParse(env[variable])
    if (result.success) return result.data
    throw new Error(`${result.error.issues[0]?.message}; it is ${JSON.stringify(env[variable])}`)
  }
  const count = (variable: string, fallback: number, min: number): number =>
    read(number(variable, fallback, { min }), variable)
  const publishFolders = listOf(env['FAIRLEAD_PUBLISH_FOLDERS'])
  // The host reads these; a mistake is shown here, where an administrator looks.
  ntpSetting(env['FAIRLEAD_NTP'])
  hostUrl(env)
  edgeProxies(env)
  edgeProxyProtocol(env)
  edgeHttps(env)
  count('FAIRLEAD_EDGE_CONNECTIONS', 1, 1)
  portSetting(env, 'FAIRLEAD_METRICS_PORT')
  count('FAIRLEAD_EDGE_CONNECTIONS_PER_ADDRESS', 1, 1)
  return {
    publicUrl: env['FAIRLEAD_PUBLIC_URL']?.replace(/\/$/, '') || `http://localhost:${port}`,
    listen: env['FAIRLEAD_LISTEN'] || '127.0.0.1',
    hosts: listOf(env['FAIRLEAD_HOSTS']),
    proxies: listOf(env['FAIRLEAD_PROXIES']),
    privateHosts: privateHostsOf(env),
    reach: listOf(env['FAIRLEAD_REACH']),
    concurrency: count('FAIRLEAD_CONCURRENCY', Math.max(4, availableParallelism() * 2), 1),
    settleMs: count('FAIRLEAD_SETTLE_SECONDS', 1, 0) * 1000,
    steps: count('FAIRLEAD_STEPS', defaultSlots(), 1),
    cacheBudget: count('FAIRLEAD_CACHE_MB', 5000, 0) * 1e6,
    signalBudget: count('FAIRLEAD_SIGNALS_MB', 2000, 10) * 1e6,
    errorBudget: count('FAIRLEAD_ERRORS_MB', 500, 1) * 1e6,
    publishFolders: publishFolders.length > 0 ? publishFolders : [join(root, 'publish')],
    remoteFolders: remoteFoldersOf(env),
    buckets: env['FAIRLEAD_BUCKETS'] ? readBucketsFile(env['FAIRLEAD_BUCKETS']) : {},
    mail: mailOf(env),
    channelCommands: env['FAIRLEAD_CHANNEL_COMMANDS'] || null,
    heartbeat: heartbeatOf(env),
    statusPage: statusPagePlace(env),
    statusTheme: statusTheme(env),
    diskFloor: count('FAIRLEAD_DISK_FLOOR_MB', 500, 0),
    hostPagesMs: count('FAIRLEAD_HOST_PAGES_SECONDS', 180, 0) * 1000,
    periods: Object.fromEntries(
      Object.entries(periodVariables).map(([name, [variable, fallback]]) => [
        name,
        read(seconds(variable, fallback), variable),
      ]),
    ) as unknown as Periods,
  }
}

/**
 * A server that only this machine can reach has no other users. Once it has a public address, the
 * private network around it is closed to its users.
 */
function privateHostsOf(env: Variables): string[] | null {
  const hosts = env['FAIRLEAD_PRIVATE_HOSTS']
  const isLocal =
    !env['FAIRLEAD_PUBLIC_URL'] &&
    (!env['FAIRLEAD_LISTEN'] || env['FAIRLEAD_LISTEN'] === '127.0.0.1')
  if (hosts === undefined) return isLocal ? null : []
  return hosts.trim() === '*' ? null : listOf(hosts)
}

function remoteFoldersOf(env: Variables): string[] {
  const folders = listOf(env['FAIRLEAD_RSYNC_FOLDERS'])
  const wrong = folders.find((one) => !/^(?:[\w.-]+@)?[\w.-]+:\//.test(one))
  if (wrong !== undefined)
    throw new Error(
      'FAIRLEAD_RSYNC_FOLDERS must be folders of machines, such as ' +
        `deploy@www.example.com:/srv/www, separated by commas; one is ${JSON.stringify(wrong)}`,
    )
  return folders
}

/** Throws one sentence when only one of the two variables is set. */
function mailOf(env: Variables): ServerSettings['mail'] {
  const [url, from] = [env['FAIRLEAD_SMTP_URL'], env['FAIRLEAD_MAIL_FROM']]
  if (!url && !from) return null
  if (!url || !/^smtps?:\/\/./.test(url))
    throw new Error('FAIRLEAD_SMTP_URL must be an address such as smtps://user:password@host:465')
  if (!from) throw new Error('FAIRLEAD_MAIL_FROM must be the sender of e-mails; it is not set')
  return { url, from }
}

/** The address is a secret, so the sentence does not repeat it. */
function heartbeatOf(env: Variables): string | null {
  const url = env['FAIRLEAD_HEARTBEAT_URL'] ?? ''
  if (url !== '' && !/^https?:$/.test(URL.parse(url)?.protocol ?? ''))
    throw new Error('FAIRLEAD_HEARTBEAT_URL must be an address with http:// or https://')
  return url || null
}

const listOf = (text: string | undefined): string[] =>
  (text ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter(Boolean)
