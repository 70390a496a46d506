import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import type { HostFile } from '#contract/host/service.ts'

/**
 * Writes the configuration files of a service into a folder, and removes all others. Each file has
 * its former or its new content at any moment, also after a loss of power. The folders belong to
 * the host, so that a service can replace none of them; the files belong to `owner`.
 */
export async function writeFiles(
  folder: string,
  files: readonly HostFile[],
  owner: number | null,
): Promise<void> {
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  const kept = new Set(files.map(({ path }) => join(folder, path)))
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (!entry.isDirectory() && !kept.has(path)) rmSync(path, { force: true })
  }
  for (const file of files) await writeFile(folder, file, owner)
}

async function writeFile(
  folder: string,
  { path, text, mode }: HostFile,
  owner: number | null,
): Promise<void> {
  const target = join(folder, path)
  makeFolders(folder, dirname(target))
  const draft = join(
    dirname(target),
    `.${basename(target)}.${randomBytes(6).toString('hex')}.draft`,
  )
  const file = await open(draft, 'wx', 0o600)
  try {
    await file.writeFile(text)
    if (owner !== null) await file.chown(owner, owner)
    await file.chmod(mode)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(draft, target)
  await syncFolder(dirname(target))
}

/** The umask of the host must not keep services from their files. */
function makeFolders(folder: string, inner: string): void {
  mkdirSync(inner, { recursive: true, mode: 0o755 })
  const parts = relative(folder, inner).split('/').filter(Boolean)
  for (const [index] of parts.entries())
    chmodSync(join(folder, ...parts.slice(0, index + 1)), 0o755)
  chmodSync(folder, 0o755)
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
