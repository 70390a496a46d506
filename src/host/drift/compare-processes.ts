import type { DriftDifference } from '#contract/drift/drift.ts'
import type { HostService } from '#contract/host/service.ts'
import { createMask, hideIn } from '#platform/secret/mask.ts'
import { isSecretName } from '../rehearsal/judge.ts'
import { isOfProcess, wordsOf } from '../rehearsal/words.ts'
import type { RunningInstance } from './running.ts'

/** A service as it is declared, as the host would start it again, and as it runs. */
export interface ComparedService {
  name: string
  /** null when the release does not have it */
  declared: { service: HostService; env: Record<string, string> } | null
  disk: { service: HostService; env: Record<string, string> } | null
  running: RunningInstance[]
  /** the user that its processes must have; null when that is not fixed */
  user: number | null
  /** whether its memory limit can be enforced here */
  hasLimits: boolean
}

type Values = Pick<DriftDifference, 'declared' | 'disk' | 'running'>

/** Where a service differs. Of several instances that differ alike, one is reported. Pure. */
export function compareService(compared: ComparedService): DriftDifference[] {
  const { name, declared, disk, running } = compared
  if (declared === null || disk === null)
    return [
      difference(name, 'service', name, {
        declared: declared && 'present',
        disk: disk && 'present',
        running: running.length > 0 ? 'present' : null,
      }),
    ]
  const all = [
    ...instanceDifference(compared, declared.service, disk.service),
    ...variableDifferences(compared, declared, disk),
    ...commandDifferences(compared, declared, disk),
    ...running.flatMap((one) => replacedDifferences(name, one)),
    ...running.flatMap((one) => processDifferences(compared, declared.service, disk.service, one)),
  ]
  return [...new Map(all.map((one) => [`${one.kind} ${one.name}`, one])).values()]
}

function difference(
  service: string,
  kind: DriftDifference['kind'],
  name: string,
  values: Values,
  isSecret = false,
): DriftDifference {
  return {
    ...{ service, kind, name, ...values, isSecret, changed: null },
    atRestart: values.disk !== values.running,
    remedy: values.declared === values.disk ? 'restart' : 'deploy',
  }
}

function instanceDifference(
  { name }: ComparedService,
  declared: HostService,
  disk: HostService,
): DriftDifference[] {
  if (declared.instances === disk.instances) return []
  const values = { declared: String(declared.instances), disk: String(disk.instances) }
  return [difference(name, 'service', 'instances', { ...values, running: values.disk })]
}

/** Variables that a service keeps from the release that started it. */
const ofRelease = /^(FAIRLEAD_(RELEASE|COMMIT|RUN)|SENTRY_RELEASE)$/

function variableDifferences(
  { name: service, running }: ComparedService,
  declared: NonNullable<ComparedService['declared']>,
  disk: NonNullable<ComparedService['disk']>,
): DriftDifference[] {
  // Our own program gets two variables, which the port decides.
  if (disk.service.static !== undefined) return []
  const secrets = new Set([...(declared.service.secrets ?? []), ...(disk.service.secrets ?? [])])
  const set = assignedIn(`${disk.service.run ?? ''}\n${declared.service.run ?? ''}`)
  const isLeftOut = (name: string): boolean =>
    isOfProcess(name) ||
    set.has(name) ||
    (disk.service.exclusive !== undefined && ofRelease.test(name))
  const sources = running.flatMap(({ variables }) => (variables === null ? [] : [variables]))
  const names = new Set([declared.env, disk.env, ...sources].flatMap((env) => Object.keys(env)))
  return [...names]
    .toSorted()
    .filter((name) => !isLeftOut(name))
    .flatMap((name) => {
      const [wanted, stored] = [declared.env[name] ?? null, disk.env[name] ?? null]
      // The programs that start a service, such as those of pyenv, set variables of their own.
      if (wanted === null && stored === null) return []
      const other = sources.find((env) => !isAsStarted(name, stored, env[name] ?? null))
      if (wanted === stored && other === undefined) return []
      const now = sources.length === 0 ? null : ((other ?? sources[0])?.[name] ?? null)
      const isSecret = secrets.has(name) || isSecretName(name)
      const found = difference(
        ...([service, 'variable', name] as const),
        { declared: wanted, disk: stored, running: now },
        isSecret,
      )
      return [isSecret ? { ...found, ...hidden(found) } : found]
    })
}

/** Whether a variable is as it was at the start; a program may have added folders to a PATH. */
function isAsStarted(name: string, stored: string | null, now: string | null): boolean {
  if (stored === now) return true
  if (!name.endsWith('PATH') || stored === null || now === null) return false
  return now.startsWith(`${stored}:`) || now.endsWith(`:${stored}`)
}

/** The variables that a command sets by itself. */
const assignedIn = (command: string): Set<string> =>
  new Set([...command.matchAll(/(?:^|[\s;&|("'])([A-Za-z_]\w*)=/g)].map(([, name]) => name ?? ''))

/** The same number is the same value. */
export function hidden({ declared, disk, running }: Values): Values {
  const numbers = new Map<string, number>()
  const hide = (value: string | null): string | null => {
    if (value === null) return null
    const number = numbers.get(value) ?? numbers.size + 1
    numbers.set(value, number)
    return `secret ${number}`
  }
  return { declared: hide(declared), disk: hide(disk), running: hide(running) }
}

function commandDifferences(
  { name, running }: ComparedService,
  declared: NonNullable<ComparedService['declared']>,
  disk: NonNullable<ComparedService['disk']>,
): DriftDifference[] {
  const [wanted, stored] = [declared.service.run ?? null, disk.service.run ?? null]
  const values = [declared, disk].flatMap(({ service, env }) =>
    (service.secrets ?? []).flatMap((secret) => env[secret] ?? []),
  )
  const other = running.find(
    ({ words, variables }) =>
      stored !== null && runsCommand(stored, words, { ...disk.env, ...variables }) === false,
  )
  if (wanted === stored && other === undefined) return []
  const now = other ? other.words.join(' ') : running.length > 0 ? stored : null
  const found = difference(name, 'argument', 'command', {
    ...{ declared: wanted, disk: stored, running: now },
  })
  return [hideIn(createMask(values), found) as DriftDifference]
}

/** Commands that a shell changes in ways that are not known here. */
const isSimple = (command: string): boolean => /^[\w./:=@%+,\s"'${}-]+$/.test(command)

/**
 * Whether a process with these words runs a command; null when that cannot be told, as for a
 * program that replaces its words with a title. Pure.
 */
export function runsCommand(
  command: string,
  words: string[],
  env: Record<string, string>,
): boolean | null {
  if (words.length === 0) return null
  if (words[1] === '-c' && words.length === 3) return words[2] === command
  if (words.length === 1 || !isSimple(command) || command.trim().includes('\n')) return null
  const expected = wordsOf(command, env).filter((word) => word !== '')
  if (expected.length < 2 || expected.some((word) => /\s/.test(word))) return null
  // The program may be a script, which an interpreter runs.
  return words.slice(1 - expected.length).join('\0') === expected.slice(1).join('\0')
}

const replacedDifferences = (name: string, { replaced }: RunningInstance): DriftDifference[] =>
  replaced.map(({ kind, file }) => ({
    ...difference(name, kind, file, { declared: null, disk: 'replaced', running: 'former file' }),
    remedy: 'restart' as const,
  }))

function processDifferences(
  { name, user, hasLimits }: ComparedService,
  declared: HostService,
  disk: HostService,
  running: RunningInstance,
): DriftDifference[] {
  const bytes = (value: number | null | undefined): string | null =>
    value === null || value === undefined ? null : `${Math.round(value / 1_048_576)} MB`
  const limits = {
    ...{ declared: bytes(declared.memory), disk: bytes(disk.memory) },
    running: hasLimits ? bytes(running.memory) : bytes(disk.memory),
  }
  const isLimited = limits.declared !== null || limits.disk !== null
  const isSameLimit = limits.declared === limits.disk && limits.disk === limits.running
  const wanted = user === null ? null : String(user)
  const now = running.user === null ? wanted : String(running.user)
  return [
    ...(isLimited && !isSameLimit ? [difference(name, 'process', 'memory', limits)] : []),
    ...(wanted === null || now === wanted
      ? []
      : [difference(name, 'process', 'user', { declared: wanted, disk: wanted, running: now })]),
    ...(running.folder === null
      ? [
          difference(name, 'process', 'folder', {
            ...{ declared: 'present', disk: 'present', running: 'deleted' },
          }),
        ]
      : []),
  ]
}
