import type { Deployment, RunDetail } from '#contract/run/run.ts'
import { ask, endedRun, push } from './app.ts'
import type { Installation } from './installation.ts'
import { makeRepository, type Repository } from './repository.ts'

/** Answers its version; every so many requests fail. */
export const server = (version: string, failsEvery = 0): string => `
let n = 0
let isBad = false
require('node:http').createServer((request, response) => {
  if (request.url === '/health') return response.end('ok')
  n += 1
  if (request.url === '/turn-bad') isBad = true
  if (isBad && n % 2 === 0) response.statusCode = 500
  if (${failsEvery} > 0 && n % ${failsEvery} === 0) response.statusCode = 500
  response.end(${JSON.stringify(version)})
}).listen(process.env.PORT, '127.0.0.1')
`

/** Runs a statement for each request, with \`n\` counting them, before it answers. */
export const behaving = (statement: string): string => `
let n = 0
require('node:http').createServer((request, response) => {
  if (request.url === '/health') return response.end('ok')
  n += 1
  ${statement}
  response.end('x'.repeat(500))
}).listen(process.env.PORT, '127.0.0.1')
`

export const file = (canary: string, more = ', watch: 0s'): string => `
services: {web: {run: exec node server.js, health: /health}}
environments:
  production: {strategy: canary, canary: {${canary}}${more}}
`

/** What the tests of canaries do with an installation. */
export function canariesOf(installation: () => Installation) {
  const repositories: Repository[] = []
  /**
   * An app that is live with version 1, delivered without a canary because there was nothing to
   * judge it against.
   */
  const live = (app: string, canary: string, more?: string): Promise<Repository> =>
    liveWith(app, { 'server.js': server('1'), 'fairlead.yaml': file(canary, more) })
  const liveWith = async (app: string, files: Record<string, string>): Promise<Repository> => {
    const repository = await makeRepository(files)
    repositories.push(repository)
    await push(installation(), app, repository)
    const { state, reason } = await endedRun(installation(), await newestRun(app))
    if (state !== 'succeeded') throw new Error(`the first delivery of ${app} ${state}: ${reason}`)
    return repository
  }
  const newestRun = async (app: string): Promise<number> =>
    (await installation().client.listRuns({ query: { app } })).runs[0]?.id ?? 0
  const deliver = async (app: string, repository: Repository, code: string): Promise<number> => {
    await repository.commit({ 'server.js': code })
    await push(installation(), app, repository)
    return newestRun(app)
  }
  const deploymentOf = ({ deployments }: RunDetail): Deployment =>
    deployments[0]?.deployment as Deployment
  const isCanary = async (run: number): Promise<boolean> =>
    deploymentOf(await installation().client.getRun({ params: { run } }))?.state === 'canary'
  const verdictOf = async (run: number) => {
    const { id } = deploymentOf(await installation().client.getRun({ params: { run } }))
    return installation().client.getVerdict({ params: { deployment: id } })
  }

  /**
   * Asks with short pauses on several connections until it is stopped; answers what came. With
   * `patienceMs`, requests may remain without an answer.
   */
  const load = (
    app: string,
    connections = 6,
    patienceMs: number | null = null,
    headers: Record<string, string> = {},
  ) => {
    let isOver = false
    const answers: { status: number; text: string }[] = []
    const askers = Array.from({ length: connections }, async () => {
      while (!isOver) {
        const signal = AbortSignal.timeout(patienceMs ?? 60_000)
        await ask(installation(), app, 'production', '/', signal, headers).then(
          (one) => answers.push(one),
          (error: NodeJS.ErrnoException) => {
            const isCut = error.code === 'ECONNRESET' && patienceMs !== null
            if (error.name !== 'AbortError' && !isCut) throw error
          },
        )
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    })
    // A request that failed is reported by `stop`, not by a rejection that nobody awaits.
    for (const asker of askers) asker.catch(() => undefined)
    return {
      answers,
      stop: async () => {
        isOver = true
        await Promise.all(askers)
        return answers
      },
    }
  }

  return {
    live,
    liveWith,
    deliver,
    deploymentOf,
    isCanary,
    verdictOf,
    load,
    remove: async () => {
      for (const repository of repositories) await repository.remove()
    },
  }
}
