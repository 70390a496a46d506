import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { z } from 'zod'
import { defineChannel, Refused, sendTimeout } from '../channel.ts'

function problemOf(command: string, code: number | string | undefined, killed: boolean): string {
  if (killed) return 'it did not end within 15 s'
  if (code === 'ENOENT') return `there is no program ${command} in FAIRLEAD_CHANNEL_COMMANDS`
  if (code === 'EACCES') return `the program ${command} is not executable`
  return `it ended with ${code ?? 'a signal'}`
}

/**
 * Runs a program of the folder FAIRLEAD_CHANNEL_COMMANDS, which only the administrator of the
 * machine can write to. It gets the message as JSON on its standard input, and no argument.
 */
export default defineChannel({
  kind: 'command',
  title: 'A program on the machine of the server',
  settings: z.strictObject({
    command: z.string().regex(/^\w[\w.-]{0,63}$/, 'must be the name of a file, without a path'),
  }),
  example: { command: 'pager' },
  limit: { messages: 60, seconds: 60 },
  send: (message, { command }, { commands }) =>
    new Promise((resolve, reject) => {
      if (commands === null)
        return reject(new Refused('no folder is configured; set FAIRLEAD_CHANNEL_COMMANDS'))
      const env = { PATH: '/usr/local/bin:/usr/bin:/bin' }
      const child = execFile(
        join(commands, command),
        [],
        { timeout: sendTimeout, env },
        (error) => {
          if (error === null) return resolve()
          const { code, killed } = error as { code?: number | string; killed?: boolean }
          reject(new Refused(problemOf(command, code, killed === true), { cause: error }))
        },
      )
      child.stdin?.on('error', () => undefined)
      child.stdin?.end(JSON.stringify(message))
    }),
})
