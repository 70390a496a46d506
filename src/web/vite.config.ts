import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'
import { htmlOf } from './docs/html.ts'

const here = fileURLToPath(new URL('.', import.meta.url))

const htmlQuery = '?html'

/** Modules `FILE.md?html`: pages of the documentation as HTML. */
const docsPlugin: Plugin = {
  name: 'docs',
  load: (id) => {
    if (!id.endsWith(`.md${htmlQuery}`)) return null
    const markdown = readFileSync(id.slice(0, -htmlQuery.length), 'utf8')
    return `export default ${JSON.stringify(htmlOf(markdown))}`
  },
}

/** Leaves out the part of zod that writes JSON Schema, 34 KB that the console never uses. */
const zodPlugin: Plugin = {
  name: 'zod-without-json-schema',
  transform: (code, id) => {
    if (!/zod\/v4\/core\/(?:to-json-schema|json-schema-processors)\.js$/.test(id)) return null
    const names = [...code.matchAll(/^export (?:const|function) (\w+)/gm)].map(([, name]) => name)
    const exported = names.map((name) => `none as ${name}`).join(', ')
    return `const none = () => undefined\nexport { ${exported} }`
  },
}

export default defineConfig({
  root: here,
  plugins: [docsPlugin, zodPlugin, react(), tailwindcss()],
  resolve: {
    alias: [
      {
        find: /^#contract\//,
        replacement: fileURLToPath(new URL('../contract/', import.meta.url)),
      },
    ],
  },
  build: {
    outDir: fileURLToPath(new URL('../../dist/console', import.meta.url)),
    emptyOutDir: true,
    target: 'es2023',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 700,
  },
  server: { proxy: { '/api': process.env['FAIRLEAD_URL'] ?? 'http://127.0.0.1:4400' } },
})
