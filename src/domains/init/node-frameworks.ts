import type { ProposedService } from './detector.ts'
import type { Folder } from './folder.ts'
import { firstOf } from './hints.ts'
import type { Package } from './node-package.ts'

interface Found {
  service: ProposedService
  found: string[]
}

const configOf = (folder: Folder, name: string): string =>
  folder.read(
    firstOf(
      folder,
      ['js', 'mjs', 'ts', 'cjs', 'mts'].map((end) => `${name}.config.${end}`),
    ) ?? '',
  )

const site = (what: string, folder: string): Found => ({
  service: { name: 'web', static: folder },
  found: [`${what}: the site that it builds in ${folder}/ is served.`],
})
const server = (what: string, run: string): Found => ({
  service: { name: 'web', run },
  found: [`${what}: it starts with \`${run}\`.`],
})

/** Frameworks with a start command of their own for production. */
export function frameworkServer(folder: Folder, { dependencies }: Package): Found | null {
  if (dependencies.has('next')) {
    if (/output:\s*['"]export['"]/.test(configOf(folder, 'next'))) return site('Next.js', 'out')
    return server('Next.js', 'node_modules/.bin/next start --port $PORT')
  }
  if (dependencies.has('nuxt')) return server('Nuxt', 'node .output/server/index.mjs')
  if (dependencies.has('@remix-run/serve'))
    return server('Remix', 'node_modules/.bin/remix-serve build/server/index.js')
  if (dependencies.has('@react-router/serve'))
    return server('React Router', 'node_modules/.bin/react-router-serve build/server/index.js')
  if (dependencies.has('@astrojs/node'))
    return server('Astro', 'HOST=127.0.0.1 node dist/server/entry.mjs')
  if (dependencies.has('@sveltejs/adapter-node'))
    return server('SvelteKit', 'HOST=127.0.0.1 node build')
  return null
}

const sites: [dependency: string, what: string, folder: string][] = [
  ['astro', 'Astro', 'dist'],
  ['@sveltejs/adapter-static', 'SvelteKit', 'build'],
  ['gatsby', 'Gatsby', 'public'],
  ['@docusaurus/core', 'Docusaurus', 'build'],
  ['@11ty/eleventy', 'Eleventy', '_site'],
  ['react-scripts', 'Create React App', 'build'],
  ['@vue/cli-service', 'Vue CLI', 'dist'],
  ['vitepress', 'VitePress', 'docs/.vitepress/dist'],
  ['vite', 'Vite', 'dist'],
  ['parcel', 'Parcel', 'dist'],
]

/** Tools that build a static site. */
export function builtSite(folder: Folder, { dependencies, scripts }: Package): Found | null {
  if (!scripts['build']) return null
  if (dependencies.has('@angular/core')) {
    const name = /"outputPath":\s*"([\w./-]+)"/.exec(folder.read('angular.json'))?.[1]
    const found = site('Angular', name ?? 'dist')
    return {
      ...found,
      found: [
        ...found.found,
        'Newer versions of Angular build to browser/ in that folder; check where index.html is.',
      ],
    }
  }
  const known = sites.find(([dependency]) => dependencies.has(dependency))
  if (known?.[0] === 'vite' && /\blib\s*:/.test(configOf(folder, 'vite'))) return null
  const out =
    known?.[0] === 'vite'
      ? /outDir:\s*['"]([\w-][\w./-]*)['"]/.exec(configOf(folder, 'vite'))?.[1]
      : undefined
  return known ? site(known[1], out ?? known[2]) : null
}
