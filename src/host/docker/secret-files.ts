import {
  chmodSync,
  existsSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
} from 'node:fs'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { HostService } from '#contract/host/service.ts'
import type { Engine } from './engine.ts'
import { secretFiles, userNumber } from './container-spec.ts'

/** What a host keeps beside the /tmp of a container. */
export const placesOf = (tmpFolder: string) => ({
  secretsFolder: `${tmpFolder}.secrets`,
  positionFile: `${tmpFolder}.output.json`,
})

/** Writes the secrets of a service, each to a file with mode 0600. */
export function writeSecrets(folder: string, service: HostService): void {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  for (const [name, value] of Object.entries(secretFiles(service)))
    writeFileSync(join(folder, name), value, { mode: 0o600 })
}

/** The number of the user that a container runs as. Throws one sentence for an unknown one. */
export async function ownerOf(
  engine: Pick<Engine, 'file'>,
  container: string,
  user: string,
): Promise<number> {
  const known = userNumber(user, '')
  if (known !== null) return known
  const archive = await engine.file(container, '/etc/passwd')
  const chunks: Buffer[] = []
  if (archive) for await (const chunk of archive) chunks.push(chunk as Buffer)
  // The archive has one file, whose text follows a head of 512 bytes.
  const passwd = Buffer.concat(chunks).subarray(512).toString('utf8')
  const found = userNumber(user, passwd)
  if (found === null) throw new Error(`its image has no user ${user}`)
  return found
}

/** Gives folders and what is in them to a user: of a host that is root, others cannot. */
export function ownTree(user: number, folders: string[]): void {
  if (process.getuid?.() !== 0) return
  for (const folder of folders) {
    if (!existsSync(folder) || statSync(folder).uid === user) continue
    lchownSync(folder, user, user)
    chmodSync(folder, 0o700)
    for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true }))
      lchownSync(join(entry.parentPath, entry.name), user, user)
  }
}
