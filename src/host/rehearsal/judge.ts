import type {
  RehearsalCheck,
  RehearsalDifference,
  RehearsalPlace,
  RehearsalState,
} from '#contract/rehearsal/rehearsal.ts'
import { firstError } from '#platform/process/output-error.ts'
import type { StageReport } from './plan.ts'
import type { Facts, Software } from './software.ts'

/** What is known at the end of a rehearsal. */
export interface Evidence {
  service: string
  software: Software
  seen: StageReport
  /** what the running instance reports; null when none runs */
  live: Facts | null
  /** the first error in the output of the second instance, or its end; null for none */
  error: string | null
  /** bytes that are free on the disk of the data, and bytes of memory the rehearsal could use */
  freeDisk: number
  memory: number
  /** the memory limit of the service in bytes; null for none */
  memoryLimit: number | null
  /** seconds that the second instance had to become healthy, and whether its own time is longer */
  seconds: number
  isTimeCut: boolean
}

export interface Judgement {
  state: RehearsalState
  reason: string | null
  place: RehearsalPlace | null
  checks: RehearsalCheck[]
}

interface Finding {
  check: RehearsalCheck['name']
  state: RehearsalCheck['state']
  detail: string
  /** what decides it, to find its line on disk */
  cause?: keyof Software['cause']
}

/** Part of the data that may be missing, because it changes while it is counted. */
const missingAllowed = 0.1

/** Decides whether the service would come back. Pure. */
export function judge(evidence: Evidence): Judgement {
  const { before, command, attempts } = evidence.seen
  const findings = before
    ? [beforeFinding(before, attempts)]
    : [
        startFinding(evidence),
        ...(isUp(evidence) ? factFindings(evidence) : []),
        ...(command ? [commandFinding(command)] : []),
      ]
  const failed = findings.find(({ state }) => state === 'failed')
  const unknown = findings.find(({ state }) => state === 'unknown')
  const decisive = failed ?? unknown
  return {
    state: failed ? 'fails' : unknown ? 'unknown' : 'returns',
    reason: decisive?.detail ?? null,
    place: decisive ? placeOf(evidence, decisive.cause) : null,
    checks: findings.map(({ check, state, detail }) => ({ name: check, state, detail })),
  }
}

/** A command that needs what it cannot reach on a copy says nothing. */
function beforeFinding(
  { isCommand, problem }: NonNullable<StageReport['before']>,
  attempts: number,
): Finding {
  if (isCommand && attempts === 0) return { check: 'before', state: 'failed', detail: problem }
  const why = attempts === 0 ? '' : '; it tried to connect to something outside of the copy'
  return { check: 'before', state: 'unknown', detail: `${problem}${why}` }
}

const isUp = (evidence: Evidence): boolean => {
  const { seen } = evidence
  return seen.health === null && seen.ended === null && seen.exceeded === null && !isTorn(evidence)
}

const isTorn = ({ seen, software }: Evidence): boolean => software.isTorn(seen.output.join('\n'))

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`

function startFinding(evidence: Evidence): Finding {
  const { seen, software, error, freeDisk, service } = evidence
  if (freeDisk < software.leastDisk)
    return failed('start', `the disk of its data has only ${megabytes(freeDisk)} free`)
  if (isUp(evidence)) return { check: 'health', state: 'passed', detail: 'it became healthy' }
  if (seen.exceeded === 'memory') return memoryFinding(evidence)
  const because = error === null ? '' : `: ${error}`
  const what =
    seen.ended === null
      ? `${service} was not healthy within ${evidence.seconds} s: ${seen.health}${because}`
      : `${service} ${seen.ended}${because}`
  if (isTorn(evidence))
    return {
      ...{ check: 'start', state: 'unknown' },
      detail: `its data was written while ${service} read the copy: repeat the rehearsal`,
    }
  if (seen.attempts > 0 && seen.blame === null)
    return {
      check: seen.ended === null ? 'health' : 'start',
      state: 'unknown',
      detail:
        `${what}; it tried to connect to something that the rehearsal keeps it from: name it in ` +
        '`rehearse.allow`',
    }
  if (seen.ended === null && evidence.isTimeCut)
    return { check: 'health', state: 'unknown', detail: what }
  if (seen.ended === null) return failed('health', what, 'port')
  return failed('start', what, /\b(bind|address|port)\b/i.test(because) ? 'port' : undefined)
}

function memoryFinding({ memory, memoryLimit, service }: Evidence): Finding {
  if (memoryLimit !== null && memory >= memoryLimit)
    return failed('start', `${service} needs more than its limit of ${megabytes(memoryLimit)}`)
  return {
    check: 'start',
    state: 'unknown',
    detail: `${service} needs more memory than the ${megabytes(memory)} that are free now`,
  }
}

const failed = (
  check: Finding['check'],
  detail: string,
  cause?: keyof Software['cause'],
): Finding => ({ check, state: 'failed', detail, ...(cause ? { cause } : {}) })

function factFindings({ seen, live, software }: Evidence): Finding[] {
  const then = seen.facts
  if (then === null) return []
  if (then.problem !== null)
    return [
      live !== null && live.problem === null && !then.isBusy
        ? failed('health', `${then.problem}, and the running one does not`, 'credential')
        : { check: 'role', state: 'unknown', detail: then.problem },
    ]
  const findings = [writeFinding(seen, software)]
  if (live === null) return findings.flatMap((one) => one ?? [])
  if (live.problem !== null)
    return [
      { check: 'role', state: 'unknown', detail: `the running instance: ${live.problem}` },
      ...findings.flatMap((one) => one ?? []),
    ]
  return [
    credentialFinding(live, then),
    roleFinding(live, then),
    ...findings,
    dataFinding(live, then, software),
  ].flatMap((one) => one ?? [])
}

function credentialFinding(live: Facts, then: Facts): Finding | null {
  if (live.credential === then.credential) return null
  return failed(
    'health',
    `it would let clients in with ${then.credential}; now it does with ${live.credential}`,
    'credential',
  )
}

function roleFinding(live: Facts, then: Facts): Finding | null {
  if (live.role === null || then.role === null) return null
  if (live.role === then.role)
    return { check: 'role', state: 'passed', detail: `it is ${then.role}` }
  return failed('role', `it would be ${then.role}; it is ${live.role} now`, 'role')
}

function writeFinding(seen: StageReport, software: Software): Finding | null {
  if (software.write === undefined) return null
  // It refuses writes, and is found by its role when it accepts them now.
  const isReadOnly = /^a (replica|standby|read-only)/.test(seen.facts?.role ?? '')
  if (isReadOnly) return null
  if (seen.write === null) return { check: 'write', state: 'passed', detail: 'it accepts a write' }
  return failed('write', `it would refuse writes: ${seen.write}`, 'write')
}

function dataFinding(live: Facts, then: Facts, { unit }: Software): Finding | null {
  if (live.items === null || then.items === null) return null
  const share = `${then.items} of ${live.items} ${unit}`
  const isWhole = then.items >= live.items * (1 - missingAllowed)
  if (isWhole) return { check: 'data', state: 'passed', detail: `it reads ${share}` }
  if (live.store !== then.store)
    return failed(
      'data',
      `it would read ${share}: it keeps its data in ${live.store} now, and looks in ${then.store}`,
      'data',
    )
  if (live.isCurrent)
    return failed('data', `it would read ${share}: the rest is not on disk`, 'data')
  return {
    check: 'data',
    state: 'passed',
    detail: `it reads ${share}; the rest is written when it stops`,
  }
}

function commandFinding({ code, output }: NonNullable<StageReport['command']>): Finding {
  if (code === 0) return { check: 'command', state: 'passed', detail: 'its command succeeded' }
  const lines = output.trim().split('\n')
  const said = firstError(lines) ?? lines.at(-1) ?? ''
  return failed('command', `its command exited with ${code ?? 'a signal'}: ${said.slice(0, 300)}`)
}

const secretName = /pass|secret|token|key$|auth|credential|masteruser/i

/** Whether the value of a name must not be shown. */
export const isSecretName = (name: string): boolean => secretName.test(name)

function placeOf(
  { seen, software, live }: Evidence,
  cause: Finding['cause'],
): RehearsalPlace | null {
  if (seen.blame !== null) return { ...seen.blame, text: hideValue(seen.blame.text) }
  const names = cause === undefined ? [] : (software.cause[cause] ?? [])
  const [now, then] = [live?.settings ?? {}, seen.facts?.settings ?? {}]
  const changed = names.filter((name) => now[name] !== then[name])
  for (const name of changed.length > 0 ? changed : names) {
    const place = lineOf(seen, name)
    if (place) return place
  }
  return null
}

/** The line that sets a name, the last one of several. */
export function lineOf({ lines }: Pick<StageReport, 'lines'>, name: string): RehearsalPlace | null {
  const found = lines.findLast((one) => one.name.toLowerCase() === name)
  if (!found) return null
  const value = isSecretName(found.name) ? '***' : found.value
  return { file: found.file, line: found.line, text: `${found.name} ${value}` }
}

const hideValue = (line: string): string => {
  const [name = ''] = line.trim().split(/[\s=]/)
  return isSecretName(name) ? `${name} ***` : line
}

/** Where the values of two sets differ; those in `volatile` are left out. Pure. */
export function differencesOf(
  kind: RehearsalDifference['kind'],
  now: Record<string, string>,
  then: Record<string, string>,
  {
    isSecret = isSecretName,
    isVolatile = () => false,
    place = () => null,
  }: {
    isSecret?: (name: string) => boolean
    isVolatile?: (name: string) => boolean
    place?: (name: string) => RehearsalPlace | null
  } = {},
): RehearsalDifference[] {
  const names = [...new Set([...Object.keys(now), ...Object.keys(then)])].toSorted()
  return names
    .filter((name) => now[name] !== then[name] && !isVolatile(name))
    .map((name) => {
      const hidden = isSecret(name)
      return {
        ...{ kind, name, isSecret: hidden, place: place(name) },
        now: hidden ? null : (now[name] ?? null),
        after: hidden ? null : (then[name] ?? null),
      }
    })
}
