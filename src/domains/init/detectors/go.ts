import { defineDetector } from '../detector.ts'
import type { Folder } from '../folder.ts'
import { healthIn, portNote, word } from '../hints.ts'

export default defineDetector({
  name: 'Go',
  kind: 'language',
  order: 10,
  example: { 'go.mod': 'module example.com/shop' },
  detect: (folder) => {
    if (!folder.has('go.mod')) return null
    const tools = ['go']
    const test = folder.files.some((path) => path.endsWith('_test.go'))
      ? {
          ...{
            name: 'test',
            run: 'go test -json -coverprofile=coverage.out ./... > tests.json',
            tools,
          },
          reports: ['tests.json', 'coverage.out'],
        }
      : { name: 'test', run: 'go test ./...', tools }
    const main = mainPackage(folder)
    const all = folder.files.filter((path) => isOwn(path)).map((path) => folder.read(path))
    if (!main)
      return {
        steps: [{ name: 'build', run: 'go build ./...', tools }, test],
        services: [],
        found: ['go.mod: Go, a library: no `package main` was found.'],
      }
    const output = `bin/${main.name}`
    const sources = folder.files
      .filter((path) => path.endsWith('.go'))
      .map((path) => folder.read(path))
    const health = healthIn(...sources)
    return {
      steps: [
        { name: 'build', run: `go build -o ${word(output)} ${word(main.path)}`, tools },
        test,
      ],
      services: isServer(main.path, all)
        ? [{ name: 'web', run: word(output), ...(health ? { health } : {}) }]
        : [],
      found: [
        `go.mod: Go; the program is in ${main.path}.`,
        ...(isServer(main.path, all)
          ? portNote('The Go code', sources.join('\n'))
          : ['It does not seem to listen; add a service if it does.']),
      ],
    }
  },
})

const isOwn = (path: string): boolean =>
  path.endsWith('.go') &&
  !path.endsWith('_test.go') &&
  !/(^|\/)(_?examples?|internal\/tools|tools|scripts|hack|docs|tests?)\//.test(path)

const listens =
  /\bPORT\b|ListenAndServe|net\.Listen|http\.Serve|gin\.(Default|New)|echo\.New|fiber\.New/

/** A program that listens, by its code or by its name; others are tools for the command line. */
const isServer = (path: string, sources: string[]): boolean =>
  /(^|\/)(server|api|web|app)$/.test(path) || sources.some((text) => listens.test(text))

function mainPackage(folder: Folder): { name: string; path: string } | null {
  const mains = folder.files.filter(
    (path) => isOwn(path) && /^package main\b/m.test(folder.read(path)),
  )
  const folders = [...new Set(mains.map((path) => path.split('/').slice(0, -1).join('/')))]
  const preferred =
    folders.find((path) => path === '') ??
    folders.find((path) => /(^|\/)(server|api|web|app)$/.test(path)) ??
    folders[0]
  if (preferred === undefined) return null
  const module = /^module\s+(\S+)/m.exec(folder.read('go.mod'))?.[1]?.replace(/\/v\d+$/, '')
  const name = (preferred === '' ? module : preferred)?.split('/').at(-1)
  return {
    name: name && /^[\w.-]+$/.test(name) ? name : 'app',
    path: preferred === '' ? '.' : `./${preferred}`,
  }
}
