import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import { FairleadError } from '#contract/errors.ts'

const notBuilt = `<!doctype html><meta charset="utf-8"><title>Fairlead</title>
<body style="font:16px system-ui;margin:4rem auto;max-width:40rem;padding:0 1rem">
<h1>The console is not built yet</h1>
<p>The first start in a repository builds it in some seconds; <a href="">reload this page</a>.
The API at <a href="/api/v1/health">/api/v1</a> and the command line work without it.</p>`

/** Serves the built console. Every path that is not a file is one of its pages. */
export async function serveConsole(app: FastifyInstance, folder: string | null): Promise<void> {
  if (folder !== null) {
    mkdirSync(folder, { recursive: true })
    await app.register(fastifyStatic, {
      root: folder,
      preCompressed: true,
      cacheControl: false,
      setHeaders: (response, path) => {
        void response.header(
          'cache-control',
          path.includes('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
        )
      },
    })
  }
  app.setNotFoundHandler((request, reply) => {
    const wantsPage =
      request.method === 'GET' && (request.headers.accept ?? '').includes('text/html')
    if (!wantsPage || request.url.startsWith('/assets/')) {
      const problem = new FairleadError('not_found', {
        kind: 'page',
        id: request.url.split('?')[0] ?? '/',
      }).toProblem()
      return reply.status(404).header('content-type', 'application/problem+json').send(problem)
    }
    if (folder === null || !existsSync(join(folder, 'index.html')))
      return reply.type('text/html').send(notBuilt)
    return reply.header('cache-control', 'no-cache').sendFile('index.html')
  })
}
