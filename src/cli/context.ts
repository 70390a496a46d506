import type { Readable } from 'node:stream'
import { type Client, createClient } from '#contract/client.ts'
import { FairleadError } from '#contract/errors.ts'
import { escapeInvisible, jsonText, stripControlCodes } from './format.ts'
import type { Connection, Local } from './local.ts'

export interface Output {
  isTTY?: boolean | undefined
  columns?: number | undefined
  rows?: number | undefined
  write(text: string): unknown
  /** `resize`: the terminal has another size */
  on?(event: 'resize', listener: () => void): unknown
  off?(event: 'resize', listener: () => void): unknown
}

/** The environment of a command line. */
export interface CliEnvironment {
  local: Local
  stdin: Readable & { isTTY?: boolean | undefined; setRawMode?: (on: boolean) => unknown }
  stdout: Output
  stderr: Output
  env: Record<string, string | undefined>
  now(): number
  /** Aborted by Ctrl-C. */
  signal: AbortSignal
}

/** What commands share: the environment, the client of the server, and output. */
export interface Context extends CliEnvironment {
  /** Connects to the server, or throws an error that explains how to start one. */
  connect(): Promise<{ client: Client; connection: Connection }>
  isJson(): boolean
  /** Returns whether the output is a terminal with colours and cursor movement. */
  isLively(): boolean
  print(line: string): void
  /** Prints one JSON document with --json, otherwise the lines. */
  answer(document: unknown, lines: () => string[]): void
  /** Sets the exit code of the command. */
  exit(code: number): void
}

/** Exit codes, as in `fairlead help exit-codes` and docs/cli.md. */
export const exitCodes = {
  done: 0,
  no: 1,
  usage: 2,
  notAllowed: 3,
  unavailable: 4,
  notFound: 5,
  interrupted: 130,
} as const

export function exitCodeOf(error: unknown): number {
  if (!(error instanceof FairleadError)) return exitCodes.no
  if (error.code === 'unavailable') return exitCodes.unavailable
  if (error.code === 'not_found') return exitCodes.notFound
  if (error.status === 401 || error.status === 403) return exitCodes.notAllowed
  return error.code === 'invalid_input' ? exitCodes.usage : exitCodes.no
}

export function createContext(
  environment: CliEnvironment,
  options: () => { json?: boolean },
  exit: (code: number) => void,
): Context {
  let connected: Promise<{ client: Client; connection: Connection }> | null = null
  const connect = async (): Promise<{ client: Client; connection: Connection }> => {
    const connection = await environment.local.connection()
    if (!connection)
      throw new FairleadError('unavailable', {
        what: 'The Fairlead server (start one with `fairlead server` or `fairlead up`)',
      })
    return { connection, client: createClient({ base: connection.url, token: connection.token }) }
  }
  const isJson = (): boolean => options().json === true
  return {
    ...environment,
    connect: () => (connected ??= connect()),
    isJson,
    isLively: () =>
      !isJson() &&
      environment.stdout.isTTY === true &&
      !environment.env['NO_COLOR'] &&
      !environment.env['CI'] &&
      environment.env['TERM'] !== 'dumb',
    print: (line) =>
      void environment.stdout.write(
        `${isJson() ? escapeInvisible(line) : stripControlCodes(line)}\n`,
      ),
    answer: (document, lines) => {
      if (isJson()) environment.stdout.write(`${jsonText(document, 2)}\n`)
      else for (const line of lines()) environment.stdout.write(`${stripControlCodes(line)}\n`)
    },
    exit,
  }
}
