import { defineDetector } from '../detector.ts'
import { firstOf } from '../hints.ts'

export default defineDetector({
  name: 'static site',
  kind: 'any',
  order: 50,
  example: { 'index.html': '' },
  detect: (folder) => {
    if (folder.has('hugo.toml') || folder.has('hugo.yaml'))
      return {
        steps: [{ name: 'build', run: 'hugo --minify', tools: ['hugo'] }],
        services: [{ name: 'web', static: 'public' }],
        found: ['Hugo: the site that it builds in public/ is served.'],
      }
    const page = firstOf(folder, [
      'index.html',
      'public/index.html',
      'site/index.html',
      'www/index.html',
      'htdocs/index.html',
      'docs/index.html',
      'src/index.html',
    ])
    if (!page) return null
    const site = page === 'index.html' ? '.' : page.replace('/index.html', '')
    return {
      steps: [],
      services: [{ name: 'web', static: site }],
      found: [`${page}: a static site.`],
    }
  },
})
