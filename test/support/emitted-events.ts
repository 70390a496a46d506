import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inject } from 'vitest'
import type { TestProject } from 'vitest/node'
import type { Client } from '#contract/client.ts'
import type { StoredEvent } from '#contract/event/event.ts'
import { eventOf, events } from '#contract/events.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** the folder in which each worker notes the types of the events that it saw */
    emittedEvents: string
  }
}

/** Notes the types of events that the code under test stored. */
export function noteEmitted(types: Iterable<string>): void {
  const lines = [...new Set(types)].map((type) => `${type}\n`)
  if (lines.length > 0)
    appendFileSync(join(inject('emittedEvents'), String(process.pid)), lines.join(''))
}

/** What is wrong with a stored event by the declaration of its type; null when nothing is. */
export function misfit({ type, version, data }: Pick<StoredEvent, 'type' | 'version' | 'data'>) {
  const definition = eventOf(type)
  if (definition === null) return `${type} is not declared`
  if (version !== definition.version)
    return `${type} was stored as version ${version}, but ${definition.version} is declared`
  const { error } = definition.data.safeParse(data)
  return error ? `${type} does not fit: ${error.message}` : null
}

/** Notes every event of an installation. Throws when one does not fit its declaration. */
export async function noteEventsOf(client: Client): Promise<void> {
  const types = new Set<string>()
  const misfits = new Set<string>()
  for (let after = 0; ;) {
    const { events: page } = await client.listEvents({ query: { after, limit: 500 } })
    for (const event of page) {
      types.add(event.type)
      misfits.add(misfit(event) ?? '')
    }
    after = page.at(-1)?.id ?? after
    if (page.length < 500) break
  }
  noteEmitted(types)
  misfits.delete('')
  if (misfits.size > 0) throw new Error([...misfits].join('\n'))
}

/**
 * Global set-up of the tests. After a complete run in which every test passed and none was skipped,
 * the run fails when no test has seen a declared event emitted.
 */
export default function setup(project: TestProject): () => Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-emitted-'))
  project.provide('emittedEvents', folder)
  return async () => {
    const seen = new Set(
      readdirSync(folder).flatMap((file) => readFileSync(join(folder, file), 'utf8').split('\n')),
    )
    rmSync(folder, { recursive: true })
    // The long tests are a part of the files, whose events say nothing of the rest.
    const isPart = project.config.env?.['FAIRLEAD_TEST_SCALE'] !== undefined
    if (isPart || !(await isComplete(project))) return
    const unseen = events.map(({ type }) => type).filter((type) => !seen.has(type))
    if (unseen.length === 0) return
    process.exitCode = 1
    console.error(`\nNo test saw these declared events emitted:\n  ${unseen.join('\n  ')}\n`)
  }
}

/** Whether every test of every file ran and passed. */
async function isComplete({ vitest }: TestProject): Promise<boolean> {
  const modules = vitest.state.getTestModules()
  const all = await vitest.globTestSpecifications()
  const tests = modules.flatMap((module) => [...module.children.allTests()])
  return modules.length >= all.length && tests.every((test) => test.result().state === 'passed')
}
