import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { faultRequest, type Radius } from '#contract/experiment/fault.ts'
import { findProgram, systemPath } from '#platform/process/program.ts'
import { bootId } from '#platform/boot-id.ts'
import { steadyMs } from '../steady-clock.ts'
import type { FaultAction, FaultPlace } from './action.ts'
import { guardianOf } from './guardian-lock.ts'
import type { Journal } from './journal.ts'
import { faultTarget } from './target.ts'
import { actionOf } from './undo.ts'

/** Milliseconds in which a guardian must hold the undo. */
const holdMs = 20_000

/** What the host asks an injector for. */
export const injection = faultRequest.extend({ target: faultTarget, marker: z.string() })
export type Injection = z.infer<typeof injection>

/** A fault that is possible here: everything was read, and nothing was written. */
export interface Prepared {
  injection: Injection
  action: FaultAction
  parameters: unknown
  before: unknown
  place: FaultPlace
  radius: Radius
}

/** Throws one sentence without a full stop if the fault is impossible or would hit nothing. */
export async function prepare(
  injection: Injection,
  journal: Journal,
  host: string,
): Promise<Prepared> {
  const { target, id, marker } = injection
  const action = actionOf(injection.action)
  if (!action) throw new Error(`there is no action ${injection.action}`)
  const missing = findMissingNeed(action)
  if (missing !== null) throw new Error(missing)
  const parsed = action.parameters.safeParse(injection.parameters)
  if (!parsed.success) throw new Error(sentenceOf(parsed.error))
  const place = { id, target, marker, host, folder: journal.folder }
  const radius = action.radius(target)
  if (radius.instances === 0) throw new Error(`no instance of ${target.service} is chosen`)
  const before = action.before.parse(await action.read(parsed.data, place))
  return { injection, action, parameters: parsed.data, before, place, radius }
}

/** Writes the undo to disk. The fault must not exist before this returns. */
export function arm({ injection, before }: Prepared, journal: Journal): void {
  const { id, action, target, marker, duration, lease } = injection
  const [now, steady] = [Date.now(), steadyMs()]
  journal.arm({
    ...{ id, action, target, marker, before },
    ...{ created: now, ends: now + duration, boot: bootId() },
    ...{ steadyEnd: steady + duration, steadyLease: steady + lease },
  })
}

/** Waits until a guardian that lives holds the undo. Throws when none does, or it has undone. */
export async function awaitGuardian(id: string, journal: Journal): Promise<void> {
  for (const end = steadyMs() + holdMs; steadyMs() < end; await sleep(10)) {
    if (!journal.isArmed(id)) throw new Error('the fault was ended before it began')
    const guardian = guardianOf(journal.folder)
    if (guardian && guardian.name === journal.holderOf(id)) return
  }
  throw new Error('no guardian holds the undo')
}

/** Makes the fault. The caller must have armed it, and a guardian must hold it. */
export async function strike(prepared: Prepared, journal: Journal): Promise<void> {
  const { action, parameters, before, place } = prepared
  if (!journal.isArmed(place.id)) throw new Error('the fault was ended before it began')
  await action.inject(parameters, before, place)
}

/** Why an action is impossible on this machine, in one sentence, or null. */
export function findMissingNeed({ name, needs }: FaultAction): string | null {
  if (needs.root && process.getuid?.() !== 0) return `the action ${name} needs root`
  const path = `${process.env['PATH'] ?? ''}:${systemPath}`
  const missing = needs.programs.find((program) => !findProgram(program, path))
  return missing === undefined ? null : `the action ${name} needs the program ${missing}`
}

function sentenceOf({ issues: [first] }: z.ZodError): string {
  const { path = [], message = '' } = first ?? {}
  return `parameters.${path.join('.')}: ${message}`.replace('parameters.:', 'parameters:')
}
