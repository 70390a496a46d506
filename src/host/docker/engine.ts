import type { IncomingMessage } from 'node:http'
import { z } from 'zod'
import { createEngineHttp, EngineError } from './engine-http.ts'

const inspected = z.object({
  State: z.object({
    Running: z.boolean(),
    Pid: z.number(),
    ExitCode: z.number(),
    OOMKilled: z.boolean().default(false),
  }),
  // Newer Engines say the address of each network only.
  NetworkSettings: z
    .object({
      IPAddress: z.string().default(''),
      Networks: z.record(z.string(), z.object({ IPAddress: z.string().default('') })).nullish(),
    })
    .transform(({ IPAddress, Networks }) => ({
      IPAddress: IPAddress || (Networks?.['bridge']?.IPAddress ?? ''),
    })),
})
/** What the Engine knows of a container. */
export type Inspected = z.infer<typeof inspected>

const listed = z.array(z.object({ Id: z.string(), Labels: z.record(z.string(), z.string()) }))
const created = z.object({ Id: z.string() })
const image = z.object({
  Id: z.string(),
  Config: z.object({ User: z.string().optional() }).nullish(),
})
const images = z.array(z.object({ RepoTags: z.array(z.string()).nullable() }))
const info = z.object({ DockerRootDir: z.string() })

/** The calls of an Engine that a host needs. Each throws an EngineError. */
export interface Engine {
  /** The folder in which it keeps images. */
  rootFolder(): Promise<string>
  /** Null when the machine does not have the image. */
  image(name: string): Promise<{ id: string; user: string } | null>
  /** Begins to pull; the progress follows as JSON, one object a line. */
  pull(name: string, headers: Record<string, string>): Promise<IncomingMessage>
  tag(name: string, repository: string, tag: string): Promise<void>
  /** Removes a name of an image, and the image with its last name. */
  untag(name: string): Promise<void>
  /** The names of images in a repository. */
  tagged(repository: string): Promise<string[]>
  create(name: string, body: unknown): Promise<string>
  start(id: string): Promise<void>
  /** Null for a container that is gone. */
  inspect(id: string): Promise<Inspected | null>
  signal(id: string, signal: string): Promise<void>
  /** Kills and removes a container; one that is gone is fine. */
  remove(id: string): Promise<void>
  join(id: string, network: string): Promise<void>
  /** Resolves when the container has ended, or is gone. */
  wait(id: string): Promise<void>
  /** The output since a time in seconds, and all that follows until its end. */
  output(id: string, since: string): Promise<IncomingMessage>
  /** A file of a container as a tar archive; null when there is none. */
  file(id: string, path: string): Promise<IncomingMessage | null>
  /** The containers with a label. */
  labelled(label: string): Promise<{ id: string; labels: Record<string, string> }[]>
}

const query = (values: Record<string, string>): string => `?${new URLSearchParams(values)}`
const filter = (filters: Record<string, string[]>): string => JSON.stringify(filters)

/** Null in place of an answer that says that there is no such thing. */
async function orNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof EngineError && error.status === 404) return null
    throw error
  }
}

/** The socket of the Engine: `FAIRLEAD_DOCKER_SOCKET`, that of `DOCKER_HOST`, or the usual one. */
export function engineSocket(env: NodeJS.ProcessEnv): string {
  const named = /^unix:\/\/(\/.+)$/.exec(env['DOCKER_HOST'] ?? '')
  return env['FAIRLEAD_DOCKER_SOCKET'] || named?.[1] || '/var/run/docker.sock'
}

export function createEngine(socket: string): Engine {
  const http = createEngineHttp(socket)
  const get = (path: string) => http.call({ method: 'GET', path })
  const post = (path: string, body?: unknown) => http.call({ method: 'POST', path, body })
  const drop = (path: string) => http.call({ method: 'DELETE', path })
  return {
    rootFolder: async () => info.parse(await get('/info')).DockerRootDir,
    image: async (name) => {
      const found = await orNull(get(`/images/${name}/json`))
      if (found === null) return null
      const { Id, Config } = image.parse(found)
      return { id: Id, user: Config?.User ?? '' }
    },
    pull: (name, headers) =>
      http.stream({
        ...{ method: 'POST', headers },
        path: `/images/create${query({ fromImage: name })}`,
      }),
    tag: async (name, repo, tag) => void (await post(`/images/${name}/tag${query({ repo, tag })}`)),
    untag: async (name) => void (await orNull(drop(`/images/${name}`))),
    tagged: async (repository) => {
      const filters = filter({ reference: [repository] })
      const all = images.parse(await get(`/images/json${query({ filters })}`))
      return all.flatMap(({ RepoTags }) => RepoTags ?? [])
    },
    create: async (name, body) =>
      created.parse(await post(`/containers/create${query({ name })}`, body)).Id,
    start: async (id) => void (await post(`/containers/${id}/start`)),
    inspect: async (id) => {
      const found = await orNull(get(`/containers/${id}/json`))
      return found === null ? null : inspected.parse(found)
    },
    signal: async (id, signal) => {
      try {
        await post(`/containers/${id}/kill${query({ signal })}`)
      } catch (error) {
        // It has ended, or is gone.
        if (!(error instanceof EngineError) || ![404, 409, 500].includes(error.status)) throw error
      }
    },
    remove: async (id) =>
      void (await orNull(drop(`/containers/${id}${query({ force: '1', v: '1' })}`))),
    join: async (id, network) =>
      void (await post(`/networks/${network}/connect`, { Container: id })),
    wait: async (id) => {
      const path = `/containers/${id}/wait`
      await orNull(http.call({ method: 'POST', path, timeoutMs: 2_147_483_647 }))
    },
    output: (id, since) => {
      const wanted = { follow: '1', stdout: '1', stderr: '1', timestamps: '1', since }
      return http.stream({ method: 'GET', path: `/containers/${id}/logs${query(wanted)}` })
    },
    file: (id, path) =>
      orNull(http.stream({ method: 'GET', path: `/containers/${id}/archive${query({ path })}` })),
    labelled: async (label) => {
      const filters = filter({ label: [label] })
      const all = listed.parse(await get(`/containers/json${query({ all: '1', filters })}`))
      return all.map(({ Id, Labels }) => ({ id: Id, labels: Labels }))
    },
  }
}
