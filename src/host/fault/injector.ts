import { text } from 'node:stream/consumers'
import type { Radius } from '#contract/experiment/fault.ts'
import { homeFrom } from '#platform/home.ts'
import { arm, awaitGuardian, injection, prepare, strike } from './inject.ts'
import { Journal } from './journal.ts'

/** What an injector answers: the fault exists, or why it does not. */
export type InjectorAnswer = { radius: Radius } | { problem: string }

/**
 * The process that makes one fault: reads an injection from standard input, and writes its answer.
 * It can be killed at any instant; what it has begun is undone by the guardian.
 */
export async function main(): Promise<number> {
  const { host } = homeFrom(process.env)
  const asked = injection.parse(JSON.parse(await text(process.stdin)))
  const answer = await make(asked, new Journal(host), host)
  await new Promise<void>((done) => process.stdout.write(JSON.stringify(answer), () => done()))
  process.exit(0)
}

async function make(
  asked: Parameters<typeof prepare>[0],
  journal: Journal,
  host: string,
): Promise<InjectorAnswer> {
  let isArmed = false
  try {
    const prepared = await prepare(asked, journal, host)
    if (asked.isPlan) return { radius: prepared.radius }
    arm(prepared, journal)
    isArmed = true
    await awaitGuardian(asked.id, journal)
    await strike(prepared, journal)
    return { radius: prepared.radius }
  } catch (error) {
    const problem = (error as Error).message
    if (isArmed) journal.beginUndo(asked.id, `it could not be made: ${problem}`)
    return { problem }
  }
}
