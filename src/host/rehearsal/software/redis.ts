import { join } from 'node:path'
import { openResp, type Reply, type Resp } from '../resp.ts'
import {
  type Access,
  defineSoftware,
  directives,
  type Facts,
  notExamined,
  valueOf,
} from '../software.ts'

/** `CONFIG GET`, `INFO` and `CONFIG REWRITE`: https://redis.io/docs/latest/commands */
export default defineSoftware({
  name: 'redis',
  title: 'Redis',
  example: ['redis-server', 'redis.conf'],
  detect: ([program = '']) => /^(redis|valkey|keydb)-server$/.test(program),
  files: (words) => {
    const file = words[1]
    return file === undefined || file.startsWith('-') ? [] : [file]
  },
  parse: directives,
  blame: (output) => {
    const match = /Reading the configuration file, at line (\d+)/.exec(output)
    return match ? { file: null, line: Number(match[1]) } : null
  },
  // The quoted line may contain a password; the sentence after it does not.
  explain: (output) => />>> '[^\n]*'\n([^\n]{1,300})/.exec(output)?.[1]?.trim() ?? null,
  // It opens the last append-only file for writing, and overlayfs copies a file that is opened for
  // writing. With an empty one after it, Redis only reads the others.
  spare: (words, _, read, size) => {
    const folder = appendFolder(words, read)
    const manifest = join(folder, `${appendName(words, read)}.manifest`)
    const last = lastIncrement(read(manifest))
    if (last === null || size(join(folder, last.name)) < largeBytes) return []
    const name = `${appendName(words, read)}.${last.sequence + 1}.incr.aof`
    const line = `file ${name} seq ${last.sequence + 1} type i\n`
    return [
      { file: join(folder, name), text: '' },
      { file: manifest, text: last.isWhole ? line : `\n${line}` },
    ]
  },
  // Redis allows an incomplete command at the end of the last file only.
  isTorn: (output) => /truncated file is not the last file/.test(output),
  unit: 'keys',
  leastDisk: 1_000_000,
  volatile: /^(proc-title-template|cluster-announce-.*)$/,
  cause: {
    role: ['replicaof', 'slaveof'],
    write: ['maxmemory', 'min-replicas-to-write', 'maxmemory-policy', 'replica-read-only'],
    data: ['appendonly', 'appenddirname', 'appendfilename', 'dir', 'dbfilename', 'maxmemory'],
    credential: ['requirepass', 'aclfile', 'user'],
    port: ['port', 'bind'],
  },
  examine: async (access) => {
    const entered = await enter(access)
    if ('problem' in entered) return notExamined(entered.problem, entered.isBusy)
    const { resp, credential } = entered
    try {
      return await read(resp, credential)
    } finally {
      resp.close()
    }
  },
  write: async (access) => {
    const entered = await enter(access)
    if ('problem' in entered) return entered.problem
    const { resp } = entered
    try {
      const key = 'fairlead:rehearsal'
      const set = await resp.call('SET', key, '1')
      if (isError(set)) return set.error
      const got = await resp.call('GET', key)
      return got === '1' ? null : 'what was written cannot be read'
    } finally {
      resp.close()
    }
  },
})

/** Bytes of an append-only file from which it is not copied; Redis rewrites none below. */
const largeBytes = 64 * 1024 * 1024

/** A setting on the command line, or in the file of configuration. */
function settingOf(words: string[], read: (file: string) => string, name: string): string | null {
  const at = words.lastIndexOf(`--${name}`)
  if (at > 0) return words[at + 1] ?? null
  const file = words[1]
  if (file === undefined || file.startsWith('-')) return null
  return directives(read(file)).findLast((one) => one.name.toLowerCase() === name)?.value ?? null
}

const appendFolder = (words: string[], read: (file: string) => string): string =>
  join(
    settingOf(words, read, 'dir') ?? '.',
    settingOf(words, read, 'appenddirname') ?? 'appendonlydir',
  )

const appendName = (words: string[], read: (file: string) => string): string =>
  settingOf(words, read, 'appendfilename') ?? 'appendonly.aof'

/**
 * The last increment that a manifest of Redis 7 lists, `file NAME seq NUMBER type i`, and whether
 * its last line has ended; null for none.
 */
function lastIncrement(
  manifest: string,
): { name: string; sequence: number; isWhole: boolean } | null {
  const last = [...manifest.matchAll(/^file (\S+) seq (\d+) type i\s*$/gm)].at(-1)
  if (last === undefined) return null
  const [, name = '', sequence] = last
  return { name, sequence: Number(sequence), isWhole: manifest.endsWith('\n') }
}

const isError = (reply: Reply): reply is { error: string } =>
  typeof reply === 'object' && reply !== null && 'error' in reply

/** The passwords to try, the ones that clients have first. */
function passwordsOf({ env, lines }: Access): [credential: string, password: string | null][] {
  const variables = Object.entries(env).flatMap(([name, value]): [string, string][] => {
    if (/REDIS.*(PASS|AUTH)/i.test(name) && value !== '') return [[name, value]]
    const isUrl = /^rediss?:/.test(value) && URL.canParse(value)
    const inUrl = isUrl ? new URL(value).password : ''
    return inUrl === '' ? [] : [[name, decodeURIComponent(inUrl)]]
  })
  const onDisk = valueOf(lines, 'requirepass')
  return [
    ['no password', null],
    ...variables,
    ...(onDisk ? ([['the password in its configuration', onDisk]] as [string, string][]) : []),
  ]
}

/** Signs in. A server that reads its data is waited for. */
async function enter(
  access: Access,
): Promise<{ resp: Resp; credential: string } | { problem: string; isBusy?: boolean }> {
  const until = performance.now() + access.timeoutMs
  for (const [credential, password] of passwordsOf(access)) {
    const resp = await openResp(access.port, access.timeoutMs).catch(() => null)
    if (resp === null) return { problem: 'it does not answer the protocol of Redis' }
    try {
      if (password !== null && isError(await resp.call('AUTH', password))) {
        resp.close()
        continue
      }
      let reply = await resp.call('PING')
      while (isError(reply) && reply.error.startsWith('LOADING') && performance.now() < until) {
        await new Promise((resolve) => setTimeout(resolve, 50))
        reply = await resp.call('PING')
      }
      if (isError(reply) && reply.error.startsWith('LOADING')) {
        resp.close()
        return { problem: 'it still loads its data', isBusy: true }
      }
      if (!isError(reply) || !/^(NOAUTH|NOPERM|WRONGPASS)/.test(reply.error))
        return { resp, credential }
      resp.close()
    } catch {
      resp.close()
      return { problem: 'it does not answer the protocol of Redis' }
    }
  }
  return { problem: 'it requires a password that neither its variables nor its files have' }
}

async function read(resp: Resp, credential: string): Promise<Facts> {
  const info = fieldsOf(await resp.call('INFO', 'everything'))
  const settings = pairsOf(await resp.call('CONFIG', 'GET', '*'))
  const isMaster = info.get('role') === 'master'
  const keys = [...info].flatMap(([name, value]) =>
    /^db\d+$/.test(name) ? [Number(/keys=(\d+)/.exec(value)?.[1] ?? 0)] : [],
  )
  const hasAof = settings['appendonly'] === 'yes'
  const file = hasAof
    ? `${settings['appenddirname'] ?? ''}/${settings['appendfilename'] ?? ''}`
    : (settings['dbfilename'] ?? '')
  return {
    problem: null,
    isBusy: false,
    credential,
    role: isMaster ? 'a master' : `a replica of ${info.get('master_host')}`,
    items: keys.reduce((sum, count) => sum + count, 0),
    store: `${settings['dir'] ?? ''}/${file}`,
    isCurrent: hasAof || info.get('rdb_changes_since_last_save') === '0',
    settings,
  }
}

const fieldsOf = (reply: Reply): Map<string, string> =>
  new Map(
    String(typeof reply === 'string' ? reply : '')
      .split('\r\n')
      .flatMap((line): [string, string][] => {
        const at = line.indexOf(':')
        return at < 1 ? [] : [[line.slice(0, at), line.slice(at + 1)]]
      }),
  )

function pairsOf(reply: Reply): Record<string, string> {
  if (!Array.isArray(reply)) return {}
  const pairs: Record<string, string> = {}
  for (let at = 0; at + 1 < reply.length; at += 2) pairs[String(reply[at])] = String(reply[at + 1])
  return pairs
}
