import { request } from 'node:http'
import type { StoredEvent } from '#contract/event/event.ts'
import type { RunDetail } from '#contract/run/run.ts'
import type { Installation } from './installation.ts'
import { waitFor } from './wait.ts'
import type { Repository } from './repository.ts'

/** Waits until a background job has run so many more times. */
export async function moreRuns(
  installation: Installation,
  job: string,
  count: number,
): Promise<void> {
  const ends = new Set<string>()
  await waitFor(`${job} has run ${count} times`, async () => {
    const { jobs } = await installation.client.listBackgroundJobs()
    const found = jobs.find(({ name }) => name === job)
    if (!found) throw new Error(`No background job is named ${job}`)
    if (found.ended !== null) ends.add(found.ended)
    // The first end seen is of a run before.
    return ends.size > count
  })
}

/** The run after it has ended. */
export async function endedRun(
  installation: Installation,
  run: number,
  seconds = 60,
): Promise<RunDetail> {
  let detail: RunDetail | null = null
  await waitFor(
    `run ${run} ends`,
    async () => {
      detail = await installation.client.getRun({ params: { run } })
      return detail.ended !== null
    },
    seconds,
  )
  return detail!
}

/** Registers a hosted app and pushes its repository there; answers what git showed. */
export async function push(
  installation: Installation,
  app: string,
  repository: Repository,
  ...more: string[]
): Promise<string> {
  await waitFor(
    'the app is registered',
    async () => (await installation.client.createApp({ body: { name: app } })).name === app,
  )
  const { token, port } = installation
  const remote = `http://fairlead:${token}@127.0.0.1:${port}/git/${app}.git`
  return repository.git('push', ...more, remote, 'HEAD:main')
}

/** What an environment answers through the edge, by host name. */
export function ask(
  installation: Installation,
  app: string,
  environment: string,
  path = '/',
  signal?: AbortSignal,
  more: Record<string, string> = {},
): Promise<{ status: number; text: string }> {
  const headers = { host: `${app}.${environment}.localhost:${installation.edgePort}`, ...more }
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port: installation.edgePort, path, headers, agent: false, signal },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => (text += chunk))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
        response.on('error', reject)
      },
    )
    sent.on('error', reject)
    sent.end()
  })
}

/**
 * Calls back for each event of an app from now on, until stopped; ends by itself when the server
 * dies.
 */
export async function onEvents(
  installation: Installation,
  app: string,
  callback: (event: StoredEvent) => void,
): Promise<() => void> {
  const stop = new AbortController()
  const response = await fetch(`${installation.url}/api/v1/events/stream?app=${app}`, {
    headers: { authorization: `Bearer ${installation.token}`, accept: 'text/event-stream' },
    signal: stop.signal,
  })
  const read = async (): Promise<void> => {
    let rest = ''
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      const blocks = (rest + chunk).split('\n\n')
      rest = blocks.pop() ?? ''
      for (const block of blocks) {
        const data = block.split('\n').find((line) => line.startsWith('data: '))
        if (data) callback(JSON.parse(data.slice(6)) as StoredEvent)
      }
    }
  }
  read().catch(() => undefined)
  return () => stop.abort()
}
