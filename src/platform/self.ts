import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * The folder of the package with package.json, migrations, schema and bin, in the repository and
 * when installed.
 */
export const packageRoot: string = findRoot(dirname(fileURLToPath(import.meta.url)))

export const version: string = (
  JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }
).version

const built = join(packageRoot, 'dist/main.js')

/**
 * The file that starts Fairlead: this process and those that it starts run the same form, source or
 * built. FAIRLEAD_ENTRY=dist makes a process of the source start the built form, as tests do: it
 * loads in half of the time.
 */
const entry: string =
  dirname(fileURLToPath(import.meta.url)).startsWith(join(packageRoot, 'dist')) ||
  process.env['FAIRLEAD_ENTRY'] === 'dist'
    ? built
    : join(packageRoot, 'src/start.js')

/** The entry of this form, from the top of the package. */
export const entryPath: string = relative(packageRoot, entry)

/** The command that runs another face of Fairlead with the same Node: `[node, entry, ...args]`. */
export const selfCommand = (...args: string[]): [string, ...string[]] => [
  process.execPath,
  entry,
  ...args,
]

/** What a confined process needs to read in order to run `selfCommand`. */
export const selfReadable: string[] = [
  process.execPath,
  // In an installed package, the dependencies are in the node_modules folder that contains it.
  basename(dirname(packageRoot)) === 'node_modules' ? dirname(packageRoot) : packageRoot,
]

function findRoot(folder: string): string {
  if (existsSync(join(folder, 'migrations')) && existsSync(join(folder, 'package.json')))
    return folder
  const parent = dirname(folder)
  if (parent === folder)
    throw new Error(
      'The package of Fairlead is incomplete: its package.json and migrations are missing',
    )
  return findRoot(parent)
}
