import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { programOf } from '#platform/process/program.ts'
import { connectOf, gitTunnel, sshConfigOf } from './tunnel.ts'
import { shellWord } from '#platform/process/shell-word.ts'

export interface GitResult {
  stdout: string
  stderr: string
}

/**
 * git failed. The message is one sentence without credentials; `code` is `missing` when git is not
 * installed.
 */
export class GitError extends Error {
  override name = 'GitError'
  readonly code: 'missing' | 'refused'
  constructor(stderr: string, code: 'missing' | 'refused' = 'refused') {
    super(sentenceOf(stderr))
    this.code = code
  }
}

const missing = 'git is not installed, or not on the PATH'

/** Replaces everything between `//` and the last `@` before the host with `…`. */
export const withoutCredentials = (text: string): string => text.replace(/\/\/[^\s/'"]*@/g, '//…@')

/** Text that git appends after the cause. */
const consequence =
  /^(could not read from remote repository\.?|the remote end hung up unexpectedly|please make sure you have the correct access rights|and the repository exists\.?|early EOF|unable to checkout .*)$/i

const mark = /^(fatal|error): /

/** Replies of our SOCKS proxy and their meaning. */
const proxyAnswer = /(?:Can't complete SOCKS5|cannot complete SOCKS5) connection to \S+ \((\d)\)/i
export const proxyWords: Record<string, string> = {
  2:
    'the address is blocked: it is in a private network (FAIRLEAD_PRIVATE_HOSTS permits it), or ' +
    'cloud metadata services answer there (FAIRLEAD_ALLOW_ADDRESSES permits it)',
  3: 'the network cannot be reached',
  4: 'Could not resolve host',
  5: 'Connection refused',
}

/**
 * Returns the line that names the cause: the first `fatal:` or `error:`, otherwise the first line
 * with text. Lines of the other side (`remote:`) may be the response of any service.
 */
function sentenceOf(stderr: string): string {
  const lines = stderr
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter(
      (line) => line !== '' && !/^(Cloning into|warning:|hint:|remote:|Submodule )/.test(line),
    )
  const isCause = (line: string): boolean => !consequence.test(line.replace(mark, ''))
  const named = lines.find((line) => mark.test(line) && isCause(line))
  const cause = (named ?? lines.find(isCause) ?? 'git failed').replace(
    proxyAnswer,
    (_, code: string) => proxyWords[code] ?? _,
  )
  return withoutCredentials(cause.replace(mark, '')).slice(0, 500)
}

export interface GitOptions {
  signal?: AbortSignal
  env?: Record<string, string>
  timeoutMs?: number
  /**
   * Reaches other repositories: `true` with the proxies, keys and credential helpers that this user
   * configured for git; `anonymous`, for an address that a repository or a stranger chose, with
   * none of them but the proxies in the environment.
   */
  network?: boolean | 'anonymous'
  /** Configuration for this call. Unlike arguments, other users of the machine cannot read it. */
  config?: Record<string, string>
}

/**
 * Runs git without a shell, hooks, prompts, or the configuration of the user and the system (except
 * with `network`). Pass untrusted arguments after `--` or `--end-of-options`. Throws a GitError or
 * an AbortError.
 */
export async function git(
  cwd: string,
  args: string[],
  options: GitOptions = {},
): Promise<GitResult> {
  const { stdout, stderr } = await gitBytes(cwd, args, options)
  return { stdout: stdout.toString('utf8'), stderr }
}

/** Like `git`, for output that may not be text. */
function gitBytes(
  cwd: string,
  args: string[],
  options: GitOptions = {},
): Promise<{ stdout: Buffer; stderr: string }> {
  const timeout = options.timeoutMs ?? 120_000
  return new Promise((resolve, reject) => {
    execFile(
      programOf('git'),
      args,
      {
        cwd,
        env: {
          ...environmentFor(options.network),
          ...configured(options.config),
          ...options.env,
        },
        encoding: 'buffer',
        maxBuffer: 64 * 1024 * 1024,
        timeout,
        ...(options.signal ? { signal: options.signal } : {}),
      },
      (error, stdout, bytes) => {
        const stderr = bytes.toString('utf8')
        if (!error) return resolve({ stdout, stderr })
        const { code } = error as NodeJS.ErrnoException
        if (error.name === 'AbortError') return reject(error)
        if (code === 'ENOENT' && !existsSync(cwd))
          return reject(new GitError(`the folder ${cwd} does not exist`))
        if (code === 'ENOENT') return reject(new GitError(missing, 'missing'))
        if (error.killed && typeof code !== 'string')
          return reject(new GitError(`it did not respond within ${timeout / 1000} s`))
        // The message of execFile repeats the command, which may contain a password.
        reject(new GitError(stderr || `git failed (${String(code ?? error.signal)})`))
      },
    )
  })
}

function environmentFor(network: GitOptions['network']): Record<string, string> {
  if (network === 'anonymous') return anonymousEnvironment()
  return network === true ? networkEnvironment() : gitEnvironment()
}

/** The environment for local commands: no user configuration changes what Fairlead does. */
export function gitEnvironment(): Record<string, string> {
  return { ...guards(), GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null' }
}

const ofTheUser = ['XDG_CONFIG_HOME', 'SSH_AUTH_SOCK', 'GIT_CONFIG_GLOBAL']
const ofTheMachine = [
  ...['SSL_CERT_FILE', 'SSL_CERT_DIR', 'GIT_SSL_CAINFO'],
  ...[
    'http_proxy',
    'https_proxy',
    'no_proxy',
    'all_proxy',
    'HTTP_PROXY',
    'HTTPS_PROXY',
    'NO_PROXY',
    'ALL_PROXY',
  ],
]

/**
 * The environment for fetching: it allows only safe transports (`ext::` would run commands) and
 * limits waiting.
 */
function networkEnvironment(): Record<string, string> {
  return {
    ...inherited([...ofTheUser, ...ofTheMachine]),
    ...wayOut(),
    ...guards(),
    GIT_ALLOW_PROTOCOL: 'https:http:ssh:git:file',
    ...tunnel(),
    ...lowSpeed,
  }
}

/** A home without files has no .netrc; ssh would use the keys of the user. */
function anonymousEnvironment(): Record<string, string> {
  return {
    ...inherited(ofTheMachine),
    ...wayOut(),
    ...gitEnvironment(),
    HOME: '/nonexistent',
    // git:// would not use the proxy that refuses private and metadata addresses.
    GIT_ALLOW_PROTOCOL: 'https:http',
    ...lowSpeed,
  }
}

const lowSpeed = { GIT_HTTP_LOW_SPEED_LIMIT: '1000', GIT_HTTP_LOW_SPEED_TIME: '60' }

function inherited(names: string[]): Record<string, string> {
  const found = names.flatMap((name) =>
    process.env[name] === undefined ? [] : [[name, process.env[name]]],
  )
  return Object.fromEntries(found) as Record<string, string>
}

/** The variable that passes the address of the egress proxy to git. */
export const gitProxy = 'FAIRLEAD_GIT_PROXY'

/** A proxy that the machine configures takes precedence. */
function wayOut(): Record<string, string> {
  const ours = process.env[gitProxy]
  const isTheirs = process.env['all_proxy'] !== undefined || process.env['ALL_PROXY'] !== undefined
  return ours === undefined || isTheirs ? {} : { all_proxy: ours }
}

/** ssh and `git://` use no SOCKS proxy, but run a program that does. */
function tunnel(): Record<string, string> {
  const [folder, proxy] = [process.env[gitTunnel], process.env[gitProxy]]
  const ssh = 'ssh -o BatchMode=yes -o ConnectTimeout=20'
  if (folder === undefined || proxy === undefined) return { GIT_SSH_COMMAND: ssh }
  return {
    [gitProxy]: proxy,
    GIT_PROXY_COMMAND: connectOf(folder),
    GIT_SSH_COMMAND: `${ssh} -F ${shellWord(sshConfigOf(folder))}`,
  }
}

function guards(): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    HOME: process.env['HOME'] ?? '/',
    LANG: 'C.UTF-8',
    GIT_TERMINAL_PROMPT: '0',
    ...configured({}),
  }
}

/**
 * Settings that git reads from its environment: every repository is trusted, no hook runs, plus the
 * settings of the call.
 */
function configured(more: Record<string, string> = {}): Record<string, string> {
  const all = Object.entries({ 'safe.directory': '*', 'core.hooksPath': '/dev/null', ...more })
  const pairs = all.flatMap(([key, value], i) => [
    [`GIT_CONFIG_KEY_${i}`, key],
    [`GIT_CONFIG_VALUE_${i}`, value],
  ])
  return {
    GIT_CONFIG_COUNT: String(all.length),
    ...(Object.fromEntries(pairs) as Record<string, string>),
  }
}
