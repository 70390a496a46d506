import type { StatusRequest } from '#contract/host/status-requests.ts'
import { defaultPage, type NamedStatusPage, type StatusPages } from '#contract/status-page/pages.ts'
import { createKeptPages, type KeptPagesOptions } from './kept.ts'
import { type ServedPage, servePage } from './page-server.ts'
import { createStatusRequests } from './requests.ts'
import type { PageRoutes } from './routes.ts'

export interface StatusPageOptions extends KeptPagesOptions {
  /** the address of the default page for readers; null for the one under which they ask */
  url: string | null
}

/** Serves the status pages, whatever else has failed. */
export interface StatusPageServer {
  /** Serves the default page. With `isLocal`, only readers on this machine get answers. */
  start(options: { isLocal: boolean }): Promise<ServedPage>
  /** Serves the other pages, also those that come later. */
  startOthers(routes: PageRoutes): Promise<void>
  /** Replaces and confirms the pages. */
  set(pages: StatusPages): void
  /** Forgets the requests of readers that are done; returns what waits. */
  take(done: readonly string[]): StatusRequest[]
  /** Stops serving the other pages. */
  stop(): void
}

export function createStatusPage(options: StatusPageOptions): StatusPageServer {
  const kept = createKeptPages(options)
  const queue = createStatusRequests(options)
  const { log, url, now, steady } = options
  const clocks = { now, steady }
  let others: Others | null = null
  return {
    start: ({ isLocal }) =>
      servePage({
        ...{ name: defaultPage, kept, queue, log, isLocal },
        ...{ page: kept.pages, url: () => url, password: () => null, ...clocks },
      }),
    startOthers: async (routes) => {
      const read = (): NamedStatusPage[] => kept.pages()?.others ?? []
      const start = ({ name, isLocal }: NamedStatusPage): Promise<ServedPage> => {
        const page = (): NamedStatusPage | null => read().find((one) => one.name === name) ?? null
        return servePage({
          ...{ name, kept, queue, log, isLocal, page, ...clocks },
          // A page that is gone is private until its server ends.
          password: () => (page() ?? { password: '' }).password,
          url: () => page()?.url ?? '',
        })
      }
      others = new Others({ read, start, routes, log })
      await others.update()
    },
    take: (done) => queue.take(done),
    set: (pages) => {
      kept.set(pages)
      void others?.update()
    },
    stop: () => others?.stop(),
  }
}

interface OthersParts {
  read(): NamedStatusPage[]
  start(page: NamedStatusPage): Promise<ServedPage>
  routes: PageRoutes
  log(message: string, fields?: Record<string, unknown>): void
}

/** The servers of the pages with host names of their own. */
class Others {
  readonly #parts: OthersParts
  readonly #served = new Map<string, { key: string; stop(): void }>()
  /** changes of the servers, one after another */
  #work: Promise<void> = Promise.resolve()

  constructor(parts: OthersParts) {
    this.#parts = parts
  }

  update(): Promise<void> {
    this.#work = this.#work.then(() => this.#update())
    return this.#work
  }

  stop(): void {
    for (const { stop } of this.#served.values()) stop()
  }

  async #update(): Promise<void> {
    const { read, routes, log } = this.#parts
    const pages = read()
    for (const [name, { stop, key }] of this.#served) {
      if (pages.some((one) => one.name === name && keyOf(one) === key)) continue
      routes.remove(name)
      stop()
      this.#served.delete(name)
    }
    for (const page of pages) {
      if (this.#served.has(page.name)) continue
      try {
        await this.#start(page)
      } catch (error) {
        log('a status page is not served', { page: page.name, reason: (error as Error).message })
      }
    }
  }

  async #start(page: NamedStatusPage): Promise<void> {
    const { name, url } = page
    const { port, stop, memory } = await this.#parts.start(page)
    this.#served.set(name, { key: keyOf(page), stop })
    this.#parts.routes.set({ name, port, memory, host: new URL(url).hostname })
  }
}

/** What a server of a page cannot change while it runs. */
const keyOf = ({ url, isLocal }: NamedStatusPage): string => `${new URL(url).hostname} ${isLocal}`
