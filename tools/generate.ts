// Writes everything that follows from the code; with --check, reports what is out of date.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { pluginFacts } from './plugin-facts.ts'
import { registries } from './registries.ts'

const at = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))

type Files = Record<string, string>

/** Later stages import what earlier ones write. */
const stages: (() => Promise<Files>)[] = [
  async () => registries(),
  pluginFacts,
  async () => (await import('./documents.ts')).documents(),
]

/** The text of each generated file, by its path from the root. */
export async function generatedFiles(): Promise<Files> {
  const files: Files = {}
  for (const stage of stages) Object.assign(files, await stage())
  return files
}

function read(path: string): string {
  try {
    return readFileSync(at(path), 'utf8')
  } catch {
    return ''
  }
}

async function main(): Promise<void> {
  for (const stage of stages)
    for (const [path, text] of Object.entries(await stage())) {
      if (read(path) === text) continue
      if (!process.argv.includes('--check')) writeFileSync(at(path), text)
      else {
        console.error(`${path} is out of date: run \`node tools/generate.ts\``)
        process.exitCode = 1
      }
    }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main()
