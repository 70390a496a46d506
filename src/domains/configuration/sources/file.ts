import { readFile, realpath, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { z } from 'zod'
import { defineSecretSource, Unavailable } from '../secret-source.ts'
import { setting } from '../setting.ts'

const maxBytes = 32_768

/**
 * `file:NAME`: a file below FAIRLEAD_SECRETS_DIR, such as a mounted secret of Kubernetes or a
 * credential of systemd.
 */
export default defineSecretSource({
  kind: 'file',
  title: 'File in a folder',
  settings: z.object({ FAIRLEAD_SECRETS_DIR: setting('FAIRLEAD_SECRETS_DIR') }),
  place: z.string().refine((place) => !place.startsWith('/') && !place.split('/').includes('..'), {
    error: 'the place must be a path below FAIRLEAD_SECRETS_DIR',
  }),
  example: {
    place: 'shop/database-password',
    settings: { FAIRLEAD_SECRETS_DIR: '/run/secrets/fairlead-example' },
  },
  read: async (place, { FAIRLEAD_SECRETS_DIR }) => {
    try {
      // Mounted secrets are links, which must stay inside of their folder.
      const folder = await realpath(FAIRLEAD_SECRETS_DIR)
      const file = await realpath(join(folder, place))
      if (!file.startsWith(`${folder}${sep}`))
        throw new Error('the file is not below FAIRLEAD_SECRETS_DIR')
      const stats = await stat(file)
      if (!stats.isFile() || stats.size > maxBytes)
        throw new Error(`the file must be a regular file of at most ${maxBytes} bytes`)
      return (await readFile(file, 'utf8')).replace(/\r?\n$/, '')
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === undefined) throw error
      const reason =
        code === 'ENOENT' ? 'the file does not exist' : `the file cannot be read: ${code}`
      throw new Unavailable(reason, { cause: error })
    }
  },
})
