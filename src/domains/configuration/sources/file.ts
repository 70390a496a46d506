import { readFile, realpath, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { NotNow, type SecretSource } from './source.ts'

const atMost = 32_768

/**
 * `file:NAME`: a file below FAIRLEAD_SECRETS_DIR, as Kubernetes mounts them and systemd gives
 * credentials.
 */
export const file: SecretSource = {
  problem: (place, env) => {
    if (!env['FAIRLEAD_SECRETS_DIR']) return 'the server has no FAIRLEAD_SECRETS_DIR'
    if (place.startsWith('/') || place.split('/').includes('..'))
      return 'the place must be a path below FAIRLEAD_SECRETS_DIR'
    return null
  },
  read: async (place, { env }) => {
    try {
      // Mounted secrets are links, but inside of their folder.
      const folder = await realpath(env['FAIRLEAD_SECRETS_DIR'] ?? '')
      const found = await realpath(join(folder, place))
      if (!found.startsWith(`${folder}${sep}`))
        throw new Error('the file is not below FAIRLEAD_SECRETS_DIR')
      const { size, isFile } = await stat(found).then((one) => ({
        size: one.size,
        isFile: one.isFile(),
      }))
      if (!isFile || size > atMost)
        throw new Error(`the file must be a plain one of ${atMost} bytes at most`)
      return (await readFile(found, 'utf8')).replace(/\r?\n$/, '')
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === undefined) throw error
      throw new NotNow(
        code === 'ENOENT' ? 'there is no such file' : `the file cannot be read: ${code}`,
        {
          cause: error,
        },
      )
    }
  },
}
