import { express, json, pack, type Row, staticSite } from './repository.ts'

/** A workspace in which the app in apps/web needs packages/ui. */
const workspace = (more: Record<string, string>, root: Record<string, unknown> = {}) => ({
  ...pack({ private: true, workspaces: ['apps/*', 'packages/*'], ...root }),
  'apps/web/package.json': json({
    name: 'web',
    scripts: { build: 'next build' },
    dependencies: { next: '15', '@acme/ui': '1' },
  }),
  'packages/ui/package.json': json({ name: '@acme/ui', scripts: { build: 'tsc' } }),
  ...more,
})
const nextAbove = { web: '../../node_modules/.bin/next start --port $PORT' }

const listen = 'app.listen(process.env.PORT)'

/** Repositories of Node and Deno, as skeletons of the files that decide. */
export const nodeRepositories: Record<string, Row> = {
  'expressjs/express': {
    files: {
      ...pack({
        scripts: { lint: 'eslint .', test: 'mocha' },
        files: ['lib/'],
        dependencies: { accepts: '2' },
      }),
      'index.js': "module.exports = require('./lib/express')",
      'lib/application.js': 'return server.listen()',
    },
    steps: 'install lint test',
  },
  'koajs/koa': {
    files: {
      ...pack({
        main: 'lib/application.js',
        scripts: { test: 'jest' },
        files: ['lib'],
        dependencies: { accepts: '1' },
      }),
      'lib/application.js': 'return server.listen(...args)',
    },
    steps: 'install test',
  },
  'fastify/fastify': {
    files: {
      ...pack({
        main: 'fastify.js',
        types: 'fastify.d.ts',
        scripts: { test: 'node --test' },
        dependencies: { avvio: '9' },
      }),
      'fastify.js': 'fastify.listen(opts)',
    },
    steps: 'install test',
  },
  'lodash/lodash': {
    files: pack({ main: 'lodash.js', scripts: { build: 'x', test: 'y' }, files: [] }),
    steps: 'build test',
  },
  'heroku/node-js-getting-started': {
    files: {
      ...pack({ ...express, scripts: { start: 'node index.js', test: 'node test.js' } }),
      'package-lock.json': '{}',
      Procfile: 'web: node index.js',
      'index.js': listen,
    },
    steps: 'install test audit',
    services: { web: 'node index.js' },
  },
  'gothinkster/node-express-realworld-example-app': {
    files: { ...pack({ ...express, scripts: { start: 'node ./app.js' } }), 'app.js': listen },
    steps: 'install',
    services: { web: 'node ./app.js' },
  },
  'nestjs/typescript-starter': {
    files: {
      ...pack({
        scripts: {
          build: 'nest build',
          start: 'nest start',
          'start:prod': 'node dist/main',
          lint: 'eslint',
          test: 'jest',
        },
        dependencies: { '@nestjs/core': '11' },
      }),
      'package-lock.json': '{}',
    },
    steps: 'install lint build test audit',
    services: { web: 'node dist/main' },
  },
  'vercel/commerce': {
    files: {
      ...pack({
        private: true,
        scripts: { build: 'next build', start: 'next start' },
        dependencies: { next: '15' },
      }),
      'pnpm-lock.yaml': '',
    },
    steps: 'install build',
    services: { web: 'node_modules/.bin/next start --port $PORT' },
  },
  'vercel/next.js static export': {
    files: {
      ...pack({ scripts: { build: 'next build' }, dependencies: { next: '15' } }),
      'next.config.js': "module.exports = { output: 'export' }",
    },
    steps: 'install build',
    services: staticSite('out'),
    include: ['out'],
  },
  'vitejs/vite template react': {
    files: {
      ...pack({
        private: true,
        scripts: { dev: 'vite', build: 'vite build', lint: 'eslint .' },
        devDependencies: { vite: '7' },
      }),
      'index.html': '',
    },
    steps: 'install lint build',
    services: staticSite('dist'),
    include: ['dist'],
  },
  'vitejs/vite library': {
    files: {
      ...pack({ scripts: { build: 'vite build' }, devDependencies: { vite: '7' }, exports: {} }),
      'vite.config.js': "build: { lib: { entry: 'x' } }",
    },
    steps: 'install build',
  },
  '11ty/eleventy-base-blog': {
    files: pack({
      scripts: { build: 'npx @11ty/eleventy', start: 'npx @11ty/eleventy --serve' },
      dependencies: { '@11ty/eleventy': '3' },
    }),
    steps: 'install build',
    services: staticSite('_site'),
    include: ['_site'],
  },
  'withastro/astro template blog': {
    files: pack({ scripts: { build: 'astro build' }, dependencies: { astro: '5' } }),
    steps: 'install build',
    services: staticSite('dist'),
    include: ['dist'],
  },
  'facebook/docusaurus classic': {
    files: pack({
      scripts: { build: 'docusaurus build', start: 'docusaurus start' },
      dependencies: { '@docusaurus/core': '3' },
    }),
    steps: 'install build',
    services: staticSite('build'),
    include: ['build'],
  },
  'facebook/create-react-app template': {
    files: {
      ...pack({
        scripts: {
          start: 'react-scripts start',
          build: 'react-scripts build',
          test: 'react-scripts test',
        },
        dependencies: { 'react-scripts': '5' },
      }),
      'public/index.html': '',
    },
    steps: 'install build test',
    services: staticSite('build'),
    include: ['build'],
  },
  'gatsbyjs/gatsby-starter-blog': {
    files: pack({
      scripts: { build: 'gatsby build', start: 'gatsby develop' },
      dependencies: { gatsby: '5' },
    }),
    steps: 'install build',
    services: staticSite('public'),
    include: ['public'],
  },
  'vuejs/vitepress site': {
    files: pack({
      scripts: { build: 'vitepress build docs' },
      devDependencies: { vitepress: '1' },
    }),
    steps: 'install build',
    services: staticSite('docs/.vitepress/dist'),
    include: ['docs/.vitepress/dist'],
  },
  'nuxt/starter': {
    files: pack({ scripts: { build: 'nuxt build' }, dependencies: { nuxt: '4' } }),
    steps: 'install build',
    services: { web: 'node .output/server/index.mjs' },
  },
  'storybookjs/design-system': {
    files: pack({
      scripts: { start: 'storybook dev', build: 'rollup -c' },
      files: ['dist'],
      devDependencies: { rollup: '4' },
    }),
    steps: 'install build',
  },
  'electron/electron-quick-start': {
    files: pack({ scripts: { start: 'electron .' }, devDependencies: { electron: '30' } }),
    steps: 'install',
  },
  'vercel/turborepo basic': {
    files: {
      ...pack({
        private: true,
        workspaces: ['apps/*', 'packages/*'],
        scripts: { build: 'turbo run build' },
        devDependencies: { turbo: '2' },
      }),
      'turbo.json': '{"tasks":{"build":{}}}',
      'package-lock.json': '{}',
      'apps/web/package.json': json({
        scripts: { build: 'next build' },
        dependencies: { next: '15' },
      }),
      'packages/ui/package.json': json({ exports: {} }),
    },
    steps: 'install build audit',
    services: { web: '../../node_modules/.bin/next start --port $PORT' },
  },
  'nrwl/nx-examples': {
    files: {
      ...pack({ private: true, workspaces: ['apps/*'], devDependencies: { nx: '20' } }),
      'nx.json': '{}',
      'apps/api/package.json': json({ ...express, scripts: { start: 'node main.js' } }),
    },
    steps: 'install build test',
    services: { api: 'node main.js' },
  },
  'pnpm workspace of two services': {
    files: {
      ...pack({ private: true, devDependencies: { typescript: '5' } }),
      'pnpm-lock.yaml': '',
      'pnpm-workspace.yaml': 'packages: [apps/*]',
      'apps/api/package.json': json({ ...express, scripts: { start: 'node a.js' } }),
      'apps/web/package.json': json({ dependencies: { next: '15' } }),
    },
    steps: 'install',
    services: { api: 'node a.js', web: 'node_modules/.bin/next start --port $PORT' },
  },
  'npm workspace without dependencies at its root': {
    files: {
      ...pack({ private: true, workspaces: ['apps/*', 'packages/*'] }),
      'apps/web/package.json': json({
        scripts: { start: 'node srv.js' },
        dependencies: { a: '1' },
      }),
      'packages/shared/package.json': json({ name: 'shared' }),
    },
    steps: 'install',
    services: { web: 'node srv.js' },
  },
  'babel/babel': {
    files: {
      ...pack({
        private: true,
        workspaces: ['packages/*'],
        scripts: { build: 'make build', test: 'make test' },
        devDependencies: { jest: '29' },
      }),
      'yarn.lock': '',
      Makefile: 'build:\ntest:\n',
      'packages/core/package.json': json({ exports: {} }),
    },
    steps: 'install build test',
  },
  'app in an npm workspace': {
    files: workspace({ 'package-lock.json': '{}' }),
    at: 'apps/web',
    steps: 'install build',
    runs: {
      install: 'npm ci',
      build: 'npm run build --workspace @acme/ui\nnpm run build',
    },
    services: nextAbove,
  },
  'app in an npm workspace with tools at its root': {
    files: workspace({ 'package-lock.json': '{}' }, { devDependencies: { typescript: '5' } }),
    at: 'apps/web',
    steps: 'install build',
    runs: { install: 'npm ci --include-workspace-root' },
    services: nextAbove,
  },
  'app in a pnpm workspace with tools at its root': {
    files: workspace(
      { 'pnpm-lock.yaml': '', 'pnpm-workspace.yaml': 'packages: [apps/*, packages/*]' },
      { workspaces: undefined, devDependencies: { typescript: '5' } },
    ),
    at: 'apps/web',
    steps: 'install build',
    runs: {
      install: "pnpm --filter '{.}...' --filter '{../..}' install --frozen-lockfile",
      build: 'pnpm --filter @acme/ui run build\npnpm run build',
    },
    services: { web: 'node_modules/.bin/next start --port $PORT' },
  },
  'app in a workspace of Yarn 1': {
    files: workspace({ 'yarn.lock': '' }),
    at: 'apps/web',
    steps: 'install build',
    runs: {
      install: 'yarn install --frozen-lockfile',
      build: 'yarn workspace @acme/ui run build\nyarn run build',
    },
    services: nextAbove,
  },
  'app in a workspace of Yarn 4': {
    files: workspace({ 'yarn.lock': '' }, { packageManager: 'yarn@4.9.1' }),
    at: 'apps/web',
    steps: 'install build',
    runs: { install: 'yarn install --immutable\nyarn workspaces focus' },
    services: nextAbove,
  },
  'app beside a workspace': {
    files: {
      ...workspace({ 'package-lock.json': '{}' }),
      'tools/site/package.json': json({ ...express, scripts: { start: 'node s.js' } }),
    },
    at: 'tools/site',
    steps: 'install',
    runs: { install: 'npm install --no-audit --no-fund' },
    services: { web: 'node s.js' },
  },
  'denoland/fresh site': {
    files: { 'deno.json': '{"tasks": {"build": "x", "start": "y"}}' },
    steps: 'build',
    services: { web: 'deno task start' },
  },
}
