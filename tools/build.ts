// Builds what is published: the console, and the program as plain JavaScript that any supported
// Node runs.
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { buildConsole } from './build-console.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
rmSync(`${root}/dist`, { recursive: true, force: true })
await buildConsole()
await build({
  root,
  configFile: false,
  logLevel: 'warn',
  ssr: { external: true },
  build: {
    ssr: 'src/start.js',
    outDir: 'dist',
    emptyOutDir: false,
    target: 'node22',
    minify: false,
    rolldownOptions: {
      output: { entryFileNames: 'main.js', chunkFileNames: 'chunks/[name]-[hash].js' },
    },
  },
})
