import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'
import { buildConsoleIfChanged } from '../../tools/build-console.ts'
import { buildProgramIfChanged } from '../../tools/build-program.ts'
import { template, type TestConnection } from './postgres.ts'

/**
 * Runs once before all tests: builds the program that they start and the console that it serves, if
 * their sources have changed, and starts the PostgreSQL in which each test gets a database of its
 * own.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const file = fileURLToPath(new URL('postgres-process.ts', import.meta.url))
  const server = spawn(process.execPath, [file, template], { stdio: ['pipe', 'pipe', 'inherit'] })
  const [connection] = await Promise.all([
    connectionOf(server),
    buildConsoleIfChanged(),
    buildProgramIfChanged(),
  ])
  project.provide('postgres', connection)
  return async () => {
    server.stdin.end()
    await once(server, 'exit')
  }
}

async function connectionOf(server: ChildProcess): Promise<TestConnection> {
  for await (const line of createInterface({ input: server.stdout! }))
    return JSON.parse(line) as TestConnection
  throw new Error('The PostgreSQL of the tests did not start')
}
