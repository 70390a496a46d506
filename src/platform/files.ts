import { glob } from 'node:fs/promises'

/** The files below a folder that match any of the patterns, by name; without what git and package managers keep. */
export async function findFiles(folder: string, patterns: string[]): Promise<string[]> {
  const found = new Set<string>()
  const isForeign = (name: string): boolean => name === '.git' || name === 'node_modules'
  for (const pattern of patterns)
    for await (const path of glob(pattern, { cwd: folder, exclude: isForeign })) found.add(path)
  return [...found].sort()
}
