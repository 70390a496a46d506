import { type ChildProcess, type IOType, spawn } from 'node:child_process'
import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Readable, Writable } from 'node:stream'
import { helperEnvironment } from './program.ts'
import { shellWord } from './shell-word.ts'

/** The descriptor from which bwrap reads the filter of system calls. */
export const filterDescriptor = 3

/** The descriptor from which the command behind the helpers reads its input, when it has one. */
const inputDescriptor = 4

/** A command of an app, and the helper programs that start it. */
export interface AppCommand {
  /** Programs that isolate or limit the command, as one command line; empty for none. */
  helpers: string[]
  /** A filter of system calls in base64, for descriptor 3 of the helpers; null for none. */
  filter: string | null
  /** The first word is an absolute path. */
  command: [string, ...string[]]
  /** The complete environment of the command. The helpers do not get it. */
  env: Record<string, string>
  /** Variables that identify the processes; the helpers have them too. */
  marker: Record<string, string>
  cwd: string
  output: [IOType | number, IOType | number]
  /** Gives it an input, which `inputOf` returns; otherwise its input is empty. */
  hasInput?: boolean
  /**
   * A folder for what the helpers read. With it, all of that is in files before they start. Without
   * it, it comes from this process: when that dies, the command does not start, and the helpers can
   * end with the exit code 0.
   */
  folder?: string
}

/**
 * Starts a command of an app in a session of its own, by default with empty input. The helpers run
 * with more rights than the command, and variables such as LD_PRELOAD would run code in them. A
 * shell behind the helpers therefore reads the variables from a descriptor, and then becomes the
 * command.
 */
export function startApp(app: AppCommand): ChildProcess {
  const { helpers, filter, command, env, marker, cwd, output, hasInput = false } = app
  const [helper, ...args] = helpers
  if (helper === undefined) {
    const [program, ...words] = command
    return spawn(program, words, {
      cwd,
      env: { ...env, ...marker },
      detached: true,
      stdio: [hasInput ? 'pipe' : 'ignore', ...output],
    })
  }
  const script = Buffer.from(appScript({ ...env, ...marker }, hasInput ? inputDescriptor : null))
  const inputs = filter === null ? [script] : [script, Buffer.from(filter, 'base64')]
  const files = inputs.map((input, i) =>
    app.folder === undefined ? null : openInput(join(app.folder, `input.${i}`), input),
  )
  const [first, ...others] = files.map((file) => file ?? ('pipe' as const))
  try {
    const child = spawn(helper, [...args, '/bin/sh', '-s', '--', ...command], {
      cwd,
      env: { ...helperEnvironment(), ...marker },
      detached: true,
      stdio: [first, ...output, others[0] ?? 'ignore', ...(hasInput ? ['pipe' as const] : [])],
    })
    write(child.stdio[0], script)
    if (inputs[1] !== undefined) write(child.stdio[filterDescriptor], inputs[1])
    return child
  } finally {
    for (const file of files) if (file !== null) closeSync(file)
  }
}

/** The input of a command with `hasInput`. */
export function inputOf(child: ChildProcess): Writable | null {
  const input = child.stdio[inputDescriptor] ?? child.stdin
  return input instanceof Writable ? input : null
}

/** Opens a file with that content for reading, and deletes its name. */
function openInput(path: string, content: Buffer): number {
  writeFileSync(path, content, { mode: 0o600 })
  try {
    return openSync(path, 'r')
  } finally {
    rmSync(path)
  }
}

function write(stream: Readable | Writable | null | undefined, content: string | Buffer): void {
  if (!(stream instanceof Writable)) return
  // The exit of the child reports its death.
  stream.on('error', () => undefined)
  stream.end(content)
}

/** A script for sh that exports these variables and becomes the command in its arguments. */
export function appScript(env: Record<string, string>, input: number | null = null): string {
  const lines = Object.entries(env).map(([name, value]) => {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
      throw new Error(`"${name}" cannot be the name of a variable: use letters, digits and _`)
    return `export ${name}=${shellWord(value)}\n`
  })
  const from = input === null ? '</dev/null' : `<&${input} ${input}<&-`
  const unset = Object.keys(helperEnvironment()).filter((name) => !(name in env))
  return [...unset.map((name) => `unset ${name}\n`), ...lines, `exec "$@" ${from}\n`].join('')
}
