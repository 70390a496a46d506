import { expect, test } from 'vitest'
import { findWorkspace, type RepositoryFiles } from './workspace.ts'

const repository = (texts: Record<string, object | string>): RepositoryFiles => ({
  files: Object.keys(texts),
  read: (path) => {
    const text = texts[path] ?? ''
    return typeof text === 'string' ? text : JSON.stringify(text)
  },
})

const packages = {
  'apps/web/package.json': {
    name: 'web',
    dependencies: { ui: '1', ms: '2' },
    devDependencies: { config: '1' },
  },
  'apps/api/package.json': { name: 'api' },
  'packages/ui/package.json': {
    name: 'ui',
    scripts: { build: 'tsc' },
    dependencies: { tokens: '1' },
    devDependencies: { api: '1' },
  },
  'packages/tokens/package.json': { name: 'tokens', peerDependencies: { ui: '1' } },
  'packages/config/package.json': { name: 'config' },
}
const needed = {
  member: 'apps/web',
  packages: [
    { folder: 'packages/tokens', name: 'tokens', hasBuild: false },
    { folder: 'packages/ui', name: 'ui', hasBuild: true },
    { folder: 'packages/config', name: 'config', hasBuild: false },
  ],
}

test.each([
  ['npm', { 'package.json': { workspaces: ['apps/*', './packages/*/'] } }],
  ['Yarn', { 'package.json': { workspaces: { packages: ['apps/*', 'packages/*'] } } }],
  ['pnpm', { 'pnpm-workspace.yaml': 'packages:\n  - "apps/*"\n  - "packages/**"\n' }],
])('finds the packages that an app needs in a workspace of %s', (_name, declared) => {
  const found = findWorkspace('apps/web', repository({ ...declared, ...packages }))
  expect(found).toEqual({ root: '.', ...needed })
})

test('finds a workspace that is not at the root of the repository', () => {
  const texts = { 'package.json': { workspaces: ['apps/*', 'packages/*'] }, ...packages }
  const moved = Object.entries(texts).map(([path, text]) => [`front/${path}`, text] as const)
  const found = findWorkspace('front/apps/web', repository(Object.fromEntries(moved)))
  expect(found).toEqual({ root: 'front', ...needed })
})

test.each([
  ['without a workspace', {}],
  ['that no pattern names', { 'package.json': { workspaces: ['packages/*'] } }],
  ['below a member', { 'package.json': { workspaces: ['apps'] } }],
  ['that is excluded', { 'package.json': { workspaces: ['apps/*', '!apps/web'] } }],
  ['with an invalid file', { 'package.json': '{', 'pnpm-workspace.yaml': '[' }],
  ['with an invalid pattern', { 'package.json': { workspaces: ['apps/{a,'.repeat(400)] } }],
])('finds none for a folder %s', (_name, declared) => {
  expect(findWorkspace('apps/web', repository({ ...packages, ...declared }))).toBeNull()
})
