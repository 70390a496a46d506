import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { NotNow, type SecretSource } from './source.ts'

/**
 * `command:PLACE`: what the program FAIRLEAD_SECRETS_COMMAND prints when it is given the place,
 * such as `op read` or `pass show`. The place is one argument and never seen by a shell.
 */
export const command: SecretSource = {
  problem: (place, env) => {
    if (!env['FAIRLEAD_SECRETS_COMMAND']) return 'the server has no FAIRLEAD_SECRETS_COMMAND'
    return place.startsWith('-')
      ? 'the place must not begin with -, which a program takes for an option'
      : null
  },
  read: async (place, { env, signal }) => {
    const [program = '', ...args] = (env['FAIRLEAD_SECRETS_COMMAND'] ?? '')
      .split(' ')
      .filter(Boolean)
    try {
      const { stdout } = await promisify(execFile)(program, [...args, place], {
        env,
        signal,
        maxBuffer: 65_536,
      })
      return stdout.replace(/\r?\n$/, '')
    } catch (error) {
      const { code } = error as { code?: number | string }
      // What it wrote may be anything, also a secret.
      const why =
        typeof code === 'number'
          ? `exited with ${code}`
          : `could not be run (${code ?? 'it took too long'})`
      throw new NotNow(`FAIRLEAD_SECRETS_COMMAND ${why}`, { cause: null })
    }
  },
}
