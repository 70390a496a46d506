import { type ChildProcess, spawn } from 'node:child_process'
import { pipeline } from 'node:stream/promises'
import { programIn } from './ssh.ts'

type Command = [string, ...string[]]

/**
 * Runs two programs, the second with the output of the first. Returns why one of them failed, or
 * null.
 */
export async function pipeProgram(
  env: Record<string, string>,
  from: Command,
  to: Command,
): Promise<string | null> {
  const source = start(env, from, ['ignore', 'pipe', 'pipe'])
  const sink = start(env, to, ['pipe', 'ignore', 'pipe'])
  const { stdout } = source.child
  const { stdin } = sink.child
  // The program that failed says why; the other one only misses it.
  if (stdout && stdin) await pipeline(stdout, stdin).catch(() => source.child.kill('SIGKILL'))
  const [first, second] = await Promise.all([source.problem, sink.problem])
  return second ?? first
}

function start(
  env: Record<string, string>,
  [program, ...args]: Command,
  stdio: ('ignore' | 'pipe')[],
): { child: ChildProcess; problem: Promise<string | null> } {
  const child = spawn(programIn(env, program), args, { env, stdio })
  let stderr = ''
  child.stderr?.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-2000)))
  const problem = new Promise<string | null>((resolve) => {
    child.once('error', ({ message }) => resolve(`${program} does not start: ${message}`))
    child.once('close', (code) => {
      const last = stderr.trim().split('\n').at(-1) || `it ended with ${code}`
      resolve(code === 0 ? null : `${program}: ${last}`)
    })
  })
  return { child, problem }
}
