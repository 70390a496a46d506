import { defineDetector, type ProposedService, type ProposedStep } from '../detector.ts'
import type { Folder } from '../folder.ts'
import { firstOf, healthIn, portNote, word } from '../hints.ts'
import { builtSite, frameworkServer } from '../node-frameworks.ts'
import { type Manager, managerOf } from '../node-manager.ts'
import { type Package, readPackage } from '../node-package.ts'
import {
  type NodeWorkspace,
  nodeWorkspaceOf,
  withProgramsAbove,
  workspaceNote,
} from '../node-workspace.ts'

export default defineDetector({
  name: 'Node',
  kind: 'language',
  order: 60,
  example: { 'package.json': '{}' },
  detect: (folder) => {
    if (!folder.has('package.json')) return null
    const pack = readPackage(folder.read('package.json'))
    if (!pack)
      return {
        steps: [],
        services: [],
        found: ['package.json is not valid JSON and was ignored.'],
      }
    const workspace = nodeWorkspaceOf(folder)
    const manager = managerOf(folder, pack, workspace)
    const service = serviceOf(folder, pack, manager)
    const worker: ProposedService[] = pack.scripts['worker']
      ? [{ name: 'worker', run: manager.run('worker') }]
      : []
    const smoke = ['smoke', 'test:smoke', 'verify'].find((name) => pack.scripts[name])
    const services = service.service ? [service.service, ...worker] : worker
    const isHoisted = workspace !== null && manager.name !== 'pnpm'
    return {
      steps: stepsOf(pack, manager, folder, workspace),
      services: isHoisted ? services.map((one) => withProgramsAbove(one, workspace.up)) : services,
      ...(smoke ? { verify: manager.run(smoke) } : {}),
      found: [
        `package.json: Node, with ${manager.name}.`,
        ...(workspace ? [workspaceNote(workspace)] : []),
        ...service.found,
      ],
    }
  },
})

/** Install, then lint and type checks in parallel with build and test. */
function stepsOf(
  pack: Package,
  manager: Manager,
  folder: Folder,
  workspace: NodeWorkspace | null,
): ProposedStep[] {
  const tools = manager.name === 'npm' ? {} : { tools: [manager.name] }
  const needsInstall =
    pack.dependencies.size > 0 ||
    folder.has('package-lock.json') ||
    workspace !== null ||
    /"workspaces"\s*:/.test(folder.read('package.json'))
  const install: ProposedStep[] = needsInstall
    ? [{ name: 'install', ...manager.install, ...tools }]
    : []
  const first = needsInstall ? ['install'] : []
  const script = (name: string, found = [name].find(isReal)): ProposedStep[] =>
    found ? [{ name, run: manager.run(found) }] : []
  function isReal(name: string): boolean {
    return pack.scripts[name] !== undefined && !pack.scripts[name].includes('no test specified')
  }
  const types = ['typecheck', 'type-check', 'check-types'].find(isReal)
  const beside = [...script('lint'), ...script('typecheck', types)]
  const runner = (name: string): ProposedStep[] => {
    if (isReal(name)) return script(name)
    if (folder.has('turbo.json') && folder.read('turbo.json').includes(`"${name}"`))
      return [{ name, run: `npx turbo run ${name}` }]
    return folder.has('nx.json') ? [{ name, run: `npx nx run-many --target=${name}` }] : []
  }
  const line = [...withPackages(runner('build'), manager, workspace), ...runner('test')]
  const aside = beside.map((step) => ({
    ...step,
    needs: first,
    ...(line.length > 0 ? { comment: `in parallel with ${line[0]?.name}` } : {}),
  }))
  return [
    ...install,
    ...aside,
    ...line.map((step, i) => (i === 0 && aside.length > 0 ? { ...step, needs: first } : step)),
    ...(manager.name === 'npm' && folder.has('package-lock.json') && pack.dependencies.size > 0
      ? [audit(first)]
      : []),
  ]
}

/** The build of an app in a workspace begins with the packages that it needs. */
function withPackages(
  build: ProposedStep[],
  manager: Manager,
  workspace: NodeWorkspace | null,
): ProposedStep[] {
  const before = (workspace?.packages ?? [])
    .filter(({ hasBuild }) => hasBuild)
    .map(({ name }) => manager.buildOther(word(name)))
  if (before.length === 0) return build
  return [{ name: 'build', run: [...before, ...build.map(({ run }) => run)].join('\n') }]
}

/**
 * Known vulnerabilities and a bill of materials, with npm alone. The step is optional, so that an
 * unreachable registry does not stop a change.
 */
const audit = (needs: string[]): ProposedStep => ({
  name: 'audit',
  run: 'npm audit --json > audit.json || true; npm sbom --sbom-format cyclonedx > bom.json',
  needs,
  reports: ['audit.json', 'bom.json'],
  optional: true,
  comment: 'known vulnerabilities, and the bill of materials',
})

function serviceOf(
  folder: Folder,
  pack: Package,
  manager: Manager,
): { service: ProposedService | null; found: string[] } {
  const framework = frameworkServer(folder, pack)
  if (framework) return framework
  const start = startCommand(folder, pack, manager)
  const site = builtSite(folder, pack)
  // The `start` script of a site is its development server.
  if (site && (!start || !start.isServer)) return site
  if (!start)
    return {
      service: null,
      found: ['Nothing in package.json starts a server; add a service if the app has one.'],
    }
  const health = healthIn(start.source)
  return {
    service: { name: 'web', run: start.run, ...(health ? { health } : {}) },
    found: [
      `The app starts with \`${start.run}\`.`,
      ...portNote(start.file ?? 'The program', start.source),
    ],
  }
}

const servers = [
  'express',
  'fastify',
  'koa',
  '@hapi/hapi',
  '@nestjs/core',
  'hono',
  '@hono/node-server',
  'restify',
  'polka',
  'h3',
  'socket.io',
  '@apollo/server',
  'apollo-server',
  'micro',
  '@adonisjs/core',
  '@feathersjs/feathers',
  '@strapi/strapi',
  'json-server',
]

interface Start {
  run: string
  file: string | undefined
  source: string
  isServer: boolean
}

function startCommand(folder: Folder, pack: Package, manager: Manager): Start | null {
  const script = pack.scripts['start:prod'] ?? pack.scripts['start'] ?? ''
  const hasServer = servers.some((name) => pack.dependencies.has(name))
  if (/\b(storybook|electron|react-native|expo|rollup|tsc|watch)\b/.test(script) && !hasServer)
    return null
  if (script !== '') {
    const file = /(?:^|\s)([\w./-]+\.(?:m|c)?[jt]s)\b/.exec(script)?.[1]?.replace(/^\.\//, '')
    const source = file ? folder.read(file) : ''
    // Runs node directly, without npm between the host and the service.
    const isPlain = /^(node|nodemon|bun|deno)(\s+[\w./=-]+)+$/.test(script)
    const run = isPlain
      ? script.replace(/^nodemon/, 'node')
      : manager.run(pack.scripts['start:prod'] ? 'start:prod' : 'start')
    return {
      run,
      file,
      source,
      isServer: hasServer || /listen\(|createServer|serve\(/.test(source),
    }
  }
  const candidates = [
    pack.main ?? '',
    'server.js',
    'server.mjs',
    'index.js',
    'index.mjs',
    'app.js',
    'main.js',
    'src/server.js',
    'src/index.js',
    'src/app.js',
    'src/main.js',
  ]
  if (pack.isLibrary) return null
  const file = firstOf(
    folder,
    candidates.filter((path) => /\.listen\(/.test(folder.read(path))),
  )
  return file
    ? { run: `node ${word(file)}`, file, source: folder.read(file), isServer: true }
    : null
}
