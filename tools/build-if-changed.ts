import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

interface Build {
  root: string
  /** patterns of everything that determines the result */
  inputs: { include: string[]; exclude?: string[] }
  result: string
  /** has the digest of the inputs of the last build */
  digestFile: string
  build(): Promise<void>
}

/** Builds, unless the last build was from files of the same content. */
export async function buildIfChanged({
  root,
  inputs,
  result,
  digestFile,
  build,
}: Build): Promise<void> {
  const digest = digestOf(root, inputs)
  if (existsSync(result) && existsSync(digestFile) && readFileSync(digestFile, 'utf8') === digest)
    return
  rmSync(digestFile, { force: true })
  await build()
  writeFileSync(digestFile, digest)
}

function digestOf(root: string, { include, exclude = [] }: Build['inputs']): string {
  const hash = createHash('sha256')
  for (const file of globSync(include, { cwd: root, exclude }).toSorted())
    hash.update(`${file}\0`).update(readFileSync(join(root, file)))
  return hash.digest('hex')
}
