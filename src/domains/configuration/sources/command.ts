import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { z } from 'zod'
import { defineSecretSource, Unavailable } from '../secret-source.ts'
import { setting } from '../setting.ts'

/**
 * `command:PLACE`: the output of the program FAIRLEAD_SECRETS_COMMAND, such as `op read` or `pass
 * show`, with the place as its last argument. No shell is involved.
 */
export default defineSecretSource({
  kind: 'command',
  title: 'Output of a program',
  settings: z.object({ FAIRLEAD_SECRETS_COMMAND: setting('FAIRLEAD_SECRETS_COMMAND') }),
  place: z.string().refine((place) => !place.startsWith('-'), {
    error: 'the place must not begin with -, which a program reads as an option',
  }),
  example: {
    place: 'op://shop/database/password',
    settings: { FAIRLEAD_SECRETS_COMMAND: 'fairlead-example-secrets read' },
  },
  read: async (place, { FAIRLEAD_SECRETS_COMMAND }, { env, signal }) => {
    const [program = '', ...args] = FAIRLEAD_SECRETS_COMMAND.split(' ').filter(Boolean)
    try {
      const { stdout } = await promisify(execFile)(program, [...args, place], {
        env,
        signal,
        maxBuffer: 65_536,
      })
      return stdout.replace(/\r?\n$/, '')
    } catch (error) {
      const { code } = error as { code?: number | string }
      const reason =
        typeof code === 'number'
          ? `exited with ${code}`
          : `could not be run (${code ?? 'it took too long'})`
      // Without the cause, because the output of the program may contain a secret.
      throw new Unavailable(`FAIRLEAD_SECRETS_COMMAND ${reason}`, { cause: null })
    }
  },
})
