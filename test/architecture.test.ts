import { dirname, join, normalize } from 'node:path'
import { describe, expect, test } from 'vitest'
import { kinds } from '../tools/registries.ts'
import longLines from './support/long-lines.json' with { type: 'json' }
import { filesOf, isTest, textOf } from './support/source-files.ts'

const files = filesOf('src/**/*.{ts,tsx}')

/** What each layer may import besides itself; the arrows of ARCHITECTURE.md. */
const allowed: Record<string, string[]> = {
  contract: [],
  platform: ['contract'],
  engine: ['contract', 'platform'],
  domains: ['contract', 'platform', 'engine'],
  views: ['contract', 'platform', 'engine', 'domains'],
  flows: ['contract', 'platform', 'engine', 'domains', 'views'],
  server: ['contract', 'platform', 'engine', 'domains', 'views', 'flows'],
  host: ['contract', 'platform'],
  runner: ['contract', 'platform'],
  inspector: ['contract', 'platform'],
  cli: ['contract'],
  web: ['contract'],
}

const layerOf = (file: string): string => file.split('/')[1] ?? ''

/** The files of the repository that a file imports, as paths from the root. */
function importsOf(file: string): string[] {
  const found = textOf(file).matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)
  return [...found].flatMap(([, name]) => {
    if (name?.startsWith('#')) return [`src/${name.slice(1)}`]
    if (name?.startsWith('.')) return [normalize(join(dirname(file), name))]
    return []
  })
}

describe('the rule for arrows', () => {
  test('looks at files of every layer', () => {
    for (const layer of Object.keys(allowed)) {
      expect(files.filter((file) => layerOf(file) === layer).length, layer).toBeGreaterThan(1)
    }
  })

  test.each(Object.keys(allowed))('%s imports only what it may', (layer) => {
    const wrong = files
      .filter((file) => layerOf(file) === layer && !isTest(file))
      .flatMap((file) => importsOf(file).map((target) => ({ file, target })))
      .filter(
        ({ target }) => layerOf(target) !== layer && !allowed[layer]?.includes(layerOf(target)),
      )
    expect(wrong).toEqual([])
  })

  test('no domain imports another', () => {
    const domain = (file: string): string => file.split('/')[2] ?? ''
    const wrong = files
      .filter((file) => layerOf(file) === 'domains' && !isTest(file))
      .flatMap((file) => importsOf(file).map((target) => ({ file, target })))
      .filter(
        ({ file, target }) => layerOf(target) === 'domains' && domain(target) !== domain(file),
      )
    expect(wrong).toEqual([])
  })
})

describe('plugins', () => {
  const folders = [
    ...new Set([...kinds.map(({ folder }) => folder), 'src/domains/deployment/targets']),
  ]
  const pluginsOf = (folder: string): string[] =>
    filesOf(`${folder}/*.ts`).filter((f) => !isTest(f))

  test.each(folders)(
    'a file of %s imports its interface, helpers and the layers below',
    (folder) => {
      const plugins = pluginsOf(folder)
      expect(plugins.length).toBeGreaterThan(0)
      const wrong = plugins
        .flatMap((file) => importsOf(file).map((target) => ({ file, target })))
        .filter(({ target }) => !['contract', 'platform'].includes(layerOf(target)))
        .filter(({ target }) => dirname(target) !== dirname(folder))
      expect(wrong).toEqual([])
    },
  )

  test('every file in the folder of a kind is one plugin', () => {
    const wrong = kinds
      .flatMap(({ folder }) => pluginsOf(folder))
      .filter((file) => !/^export default define[A-Z]\w*\(/m.test(textOf(file)))
    expect(wrong).toEqual([])
  })

  test('every plugin is in the folder of a kind', () => {
    const wrong = files
      .filter((file) => !isTest(file) && layerOf(file) !== 'web')
      .filter((file) => /^export default define[A-Z]/m.test(textOf(file)))
      .filter((file) => !folders.includes(dirname(file)))
    expect(wrong).toEqual([])
  })

  test.each(kinds)('every plugin of $folder runs a shared suite', ({ folder, list }) => {
    const registry = `${folder}.generated.ts`
    const importers = files.filter((file) => importsOf(file).includes(registry))
    const suites = files.filter(
      (file) =>
        isTest(file) &&
        importsOf(file).some((target) => [registry, ...importers].includes(target)) &&
        new RegExp(`\\bdescribe\\.(?:each|for)\\(\\s*${list}\\b`).test(textOf(file)),
    )
    expect(suites).not.toEqual([])
  })
})

describe('habits', () => {
  test('no barrels: no file only re-exports', () => {
    const barrels = files.filter((file) => {
      const lines = textOf(file)
        .split('\n')
        .filter((line) => line.trim() !== '' && !line.startsWith('//'))
      return (
        lines.length > 0 &&
        lines.every((line) => line.startsWith('export ') && line.includes(' from '))
      )
    })
    expect(barrels).toEqual([])
  })

  test('imports across folders go by alias', () => {
    const wrong = files
      .filter((file) => !file.startsWith('src/web/') && !isTest(file))
      .flatMap((file) =>
        [...textOf(file).matchAll(/from '(\.\.\/[^']+)'/g)].map(([, name]) => ({ file, name })),
      )
      .filter(
        ({ file, name }) => layerOf(normalize(join(dirname(file), name ?? ''))) !== layerOf(file),
      )
    expect(wrong).toEqual([])
  })

  test('the contract imports nothing from Node, because the console bundles it', () => {
    const contract = files.filter((file) => layerOf(file) === 'contract' && !isTest(file))
    expect(contract.length).toBeGreaterThan(40)
    const wrong = contract.filter((file) => /(?:from|import)\s*\(?\s*'node:/.test(textOf(file)))
    expect(wrong).toEqual([])
  })

  test('only the platform imports the drivers of PostgreSQL and MariaDB', () => {
    const driver = /['"](?:pg|mysql2(?:\/promise)?)['"]/
    const wrong = files.filter(
      (file) => layerOf(file) !== 'platform' && !isTest(file) && driver.test(textOf(file)),
    )
    expect(wrong).toEqual([])
  })

  test('no line is longer than 100 columns', () => {
    const known: Record<string, number> = longLines
    const checked = [
      ...filesOf('{src,test,tools,bench}/**/*.{ts,tsx}'),
      ...filesOf('*.md'),
      ...filesOf('docs/**/*.md'),
    ].filter((file) => !file.endsWith('.generated.ts'))
    expect(checked.length).toBeGreaterThan(400)
    const wrong = checked
      .map((file) => ({ file, lines: longLinesOf(file, textOf(file)) }))
      .filter(({ file, lines }) => lines.length > (known[file] ?? 0))
    expect(wrong).toEqual([])
  })

  test('finds the long lines of prose and code', () => {
    const long = 'word '.repeat(21)
    expect(longLinesOf('a.ts', `${long}\n// https://x\nimport x from '${long}'\nshort`)).toEqual([
      1,
    ])
    expect(longLinesOf('a.ts', `// see https://${'x'.repeat(99)}`)).toEqual([])
    expect(longLinesOf('a.md', `${long}\n| ${long}\n\`\`\`sh\n${long}\n\`\`\`\n${long}`)).toEqual([
      1, 6,
    ])
  })
})

/**
 * The numbers of the lines over 100 columns, except where a line cannot be broken: imports, URLs,
 * and in Markdown tables and fenced code.
 */
function longLinesOf(file: string, text: string): number[] {
  const isMarkdown = file.endsWith('.md')
  let isFenced = false
  return text.split('\n').flatMap((line, index) => {
    if (isMarkdown && /^\s*(```|~~~)/.test(line)) isFenced = !isFenced
    const isExempt = isMarkdown
      ? isFenced || /^\s*\|/.test(line)
      : /^import .* from '|className="/.test(line) || line.startsWith("} from '")
    return line.length > 100 && !isExempt && !/\bhttps?:\/\/\S{40}/.test(line) ? [index + 1] : []
  })
}
