import { existsSync, readFileSync, statfsSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Engine } from './engine.ts'
import { EngineError } from './engine-http.ts'
import { labels } from './container-spec.ts'

/** Milliseconds that a pull may take without progress. */
const stalledMs = 120_000
const pin = 'fairlead.local'

export interface ContainersOptions {
  engine: Engine
  /** Identifies this installation. */
  id: string
  /** The file that says that this host has begun to use the Engine. */
  usedFile: string
  /** bytes of the disk that stay free when an image is pulled */
  keepFree: number
  log(message: string, fields?: Record<string, unknown>): void
}

/** What the containers of an installation share: their images, and the search for lost ones. */
export class Containers {
  readonly engine: Engine
  readonly id: string
  readonly #options: ContainersOptions
  /** Markers of containers that are not recorded yet. */
  readonly #starting = new Set<string>()
  readonly #pulls = new Map<string, Promise<void>>()

  constructor(options: ContainersOptions) {
    this.#options = options
    this.engine = options.engine
    this.id = options.id
  }

  /** Until the returned function is called, a container with the marker is not lost. */
  expect(marker: string): () => void {
    if (!existsSync(this.#options.usedFile)) writeFileSync(this.#options.usedFile, '')
    this.#starting.add(marker)
    return () => void this.#starting.delete(marker)
  }

  /** The image of a service, pulled when the machine does not have it. Throws one sentence. */
  async image(name: string): Promise<{ id: string; user: string }> {
    const found = await this.engine.image(name)
    if (found) return found
    if (name.startsWith('sha256:')) throw new Error(`this machine has no image ${name}`)
    const pull = this.#pulls.get(name) ?? this.#pull(name)
    this.#pulls.set(name, pull)
    await pull.finally(() => this.#pulls.delete(name))
    const pulled = await this.engine.image(name)
    if (!pulled) throw new Error(`the image ${name} is not there after its pull`)
    return pulled
  }

  async #pull(name: string): Promise<void> {
    try {
      await this.#receive(name)
    } catch (error) {
      throw new Error(`the image ${name} cannot be pulled: ${(error as Error).message}`, {
        cause: error,
      })
    }
    const digest = name.slice(name.lastIndexOf(':') + 1)
    await this.engine.tag(name, `${pin}/${this.id}`, digest)
  }

  async #receive(name: string): Promise<void> {
    const root = await this.engine.rootFolder()
    this.#mustHaveRoom(root)
    const stream = await this.engine.pull(name, credentialsFor(name))
    const stalled = (): void =>
      void stream.destroy(new Error(`no progress for ${stalledMs / 1000} s`))
    let timer = setTimeout(stalled, stalledMs)
    let rest = ''
    try {
      for await (const chunk of stream.setEncoding('utf8')) {
        clearTimeout(timer)
        timer = setTimeout(stalled, stalledMs)
        const lines = (rest + String(chunk)).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) mustBeProgress(line)
        this.#mustHaveRoom(root)
      }
      mustBeProgress(rest)
    } finally {
      clearTimeout(timer)
      stream.destroy()
    }
  }

  #mustHaveRoom(root: string): void {
    const { bavail, bsize } = statfsSync(root)
    const free = bavail * bsize
    if (free < this.#options.keepFree)
      throw new Error(
        `${root} has ${Math.floor(free / 1e6)} MB free, ` +
          `and ${Math.ceil(this.#options.keepFree / 1e6)} MB must stay free`,
      )
  }

  /**
   * Removes containers that no record names, such as those of a host that died between a start and
   * its record, and images that were pulled for releases that are gone. `known` and `used` are
   * asked after the Engine has answered.
   */
  async sweep(known: () => Set<string>, used: () => Set<string>): Promise<void> {
    if (!existsSync(this.#options.usedFile)) return
    const all = await this.engine.labelled(`${labels.installation}=${this.id}`)
    const markers = known()
    const lost = all.filter(({ labels: found }) => {
      const marker = found[labels.marker] ?? ''
      return !markers.has(marker) && !this.#starting.has(marker)
    })
    for (const { id } of lost) await this.engine.remove(id)
    if (lost.length > 0)
      this.#options.log('containers that no record names are removed', {
        containers: lost.map(({ id }) => id.slice(0, 12)),
      })
    await this.#sweepImages(used)
  }

  async #sweepImages(used: () => Set<string>): Promise<void> {
    const tags = await this.engine.tagged(`${pin}/${this.id}`)
    const digests = new Set([...used()].map((name) => name.slice(name.lastIndexOf(':') + 1)))
    for (const tag of tags) {
      const digest = tag.slice(tag.lastIndexOf(':') + 1)
      if (digests.has(digest)) continue
      try {
        const image = await this.engine.image(tag)
        await this.engine.untag(tag)
        if (image) await this.engine.untag(image.id)
      } catch (error) {
        // Something else uses it.
        if (!(error instanceof EngineError) || error.status !== 409) throw error
      }
    }
  }
}

/** Throws the error that a line of the progress of a pull reports. */
function mustBeProgress(line: string): void {
  if (line.trim() === '') return
  const { error } = JSON.parse(line) as { error?: string }
  if (error !== undefined) throw new Error(error)
}

/** What `docker login` wrote for the registry of an image, read at each pull: it may be renewed. */
function credentialsFor(
  name: string,
  folder = process.env['DOCKER_CONFIG'] ?? join(homedir(), '.docker'),
): Record<string, string> {
  const [first = '', ...path] = name.split('@')[0]?.split('/') ?? []
  const registry =
    path.length > 0 && /[.:]|^localhost$/.test(first) ? first : 'https://index.docker.io/v1/'
  try {
    const file = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as {
      auths?: Record<string, { auth?: string }>
    }
    const found = Buffer.from(file.auths?.[registry]?.auth ?? '', 'base64').toString('utf8')
    if (found === '') return {}
    const colon = found.indexOf(':')
    const account = {
      username: found.slice(0, colon),
      password: found.slice(colon + 1),
      serveraddress: registry,
    }
    return { 'x-registry-auth': Buffer.from(JSON.stringify(account)).toString('base64url') }
  } catch {
    return {}
  }
}
