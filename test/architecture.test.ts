import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const files = globSync('src/**/*.{ts,tsx}', { cwd: root }).map((file) => file.replaceAll('\\', '/'))

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

const isTest = (file: string): boolean => /\.test\.tsx?$/.test(file)
const layerOf = (file: string): string => file.split('/')[1] ?? ''
const source = (file: string): string => readFileSync(join(root, file), 'utf8')

/** The files of the repository that a file imports, as paths from the root. */
function importsOf(file: string): string[] {
  const found = source(file).matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)
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

  test('a target imports only its interface and the layers below', () => {
    const targets = files.filter(
      (file) => file.startsWith('src/domains/deployment/targets/') && !isTest(file),
    )
    expect(targets.length).toBeGreaterThan(0)
    const wrong = targets
      .flatMap((file) => importsOf(file).map((target) => ({ file, target })))
      .filter(
        ({ target }) =>
          layerOf(target) === 'domains' && target !== 'src/domains/deployment/target.ts',
      )
    expect(wrong).toEqual([])
  })
})

describe('habits', () => {
  test('no barrels: no file only re-exports', () => {
    const barrels = files.filter((file) => {
      const lines = source(file)
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
        [...source(file).matchAll(/from '(\.\.\/[^']+)'/g)].map(([, name]) => ({ file, name })),
      )
      .filter(
        ({ file, name }) => layerOf(normalize(join(dirname(file), name ?? ''))) !== layerOf(file),
      )
    expect(wrong).toEqual([])
  })

  test('only the platform and the engine reach PostgreSQL, and only the tag builds SQL', () => {
    const wrong = files.filter(
      (file) =>
        !['platform'].includes(layerOf(file)) &&
        !isTest(file) &&
        source(file).includes("from 'pg'"),
    )
    expect(wrong).toEqual([])
  })
})
