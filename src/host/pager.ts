import { randomBytes } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { z } from 'zod'
import {
  type HostRoster,
  hostRoster,
  outage as outageSchema,
  type Outage,
  type OutagePage,
} from '#contract/host/roster.ts'
import type { Answer } from '#platform/channel/answer.ts'
import { type ChannelKind, type Message, Refused } from '#platform/channel/channel.ts'
import { channels } from '#platform/channel/channels.generated.ts'
import { guardedFetch } from '#platform/net/private.ts'
import { policyOf } from './monitors.ts'
import {
  acceptPage,
  beginOutage,
  duePages,
  endOutage,
  reachesAnybody,
  refusePage,
  resumeOutage,
  takeSteps,
} from './outage.ts'
import { type Answered, followLink, linkKey } from './outage-link.ts'
import { replaceFile } from './state.ts'

export interface PagerOptions {
  /** where the roster and the outage are kept */
  folder: string
  hostName: string
  /** the address at which the edge serves the links in messages; null: they have none */
  url: URL | null
  /** milliseconds since 1970 */
  now(): number
  /** whether this machine reaches another one */
  isConnected(): Promise<boolean>
  /** how many releases run on this host */
  countReleases(): number
  log(message: string, fields?: Record<string, unknown>): void
}

const tickMs = 1000
/** A pause between two ticks that means that the machine slept. */
const sleepMs = 30_000
/** Milliseconds that a server has to answer. */
const patience = 3000
const kinds = channels as unknown as readonly ChannelKind[]

/**
 * Notifies people by the last roster when no server has called for a while and none answers. What
 * was sent is on disk before the next message, so that a host that is killed sends none twice with
 * another id.
 */
export class Pager {
  readonly #options: PagerOptions
  readonly #rosterFile: string
  readonly #outageFile: string
  #roster: HostRoster | null = null
  #outage: Outage | null = null
  #calledAt: number
  #tickedAt: number
  #isBusy = false
  #isStopped = false
  #isRead = false
  #timer: NodeJS.Timeout | undefined

  constructor(options: PagerOptions) {
    this.#options = options
    this.#rosterFile = join(options.folder, 'roster.json')
    this.#outageFile = join(options.folder, 'outage.json')
    this.#calledAt = this.#tickedAt = options.now()
  }

  /** Begins when the former host has ended, with what it left. */
  start(): void {
    if (this.#isStopped) return
    this.read()
    this.#timer = setInterval(() => void this.tick(), tickMs)
    this.#timer.unref()
  }

  stop(): void {
    this.#isStopped = true
    clearInterval(this.#timer)
  }

  read(): void {
    this.#isRead = true
    this.#outage = readJson(outageSchema, this.#outageFile)
    // A server may have called before the former host ended.
    if (this.#roster !== null) return this.#end()
    this.#roster = readJson(hostRoster, this.#rosterFile)
    if (this.#outage?.ended === null) this.#calledAt = -Infinity
  }

  /** A server calls: returns the outage that it has to record. */
  set(roster: HostRoster): { outage: Outage | null } {
    this.#calledAt = this.#options.now()
    const text = JSON.stringify(roster)
    if (text !== JSON.stringify(this.#roster)) replaceFile(this.#rosterFile, text, true)
    this.#roster = roster
    if (this.#outage?.alert === roster.recorded) this.#keep(null)
    else this.#end()
    return { outage: this.#outage }
  }

  /** What the link of a message shows, without an answer, or does. */
  follow(key: string, answer: Answer | null): Omit<Answered, 'outage'> & { link: string } {
    const link = `${this.#roster?.publicUrl ?? ''}/alerts`
    // During an upgrade, either process may have an older outage than the other.
    if (this.#isStopped || !this.#isRead)
      return { status: 503, sentence: 'Try again in a few seconds.', isOpen: false, link }
    const { outage, ...answered } = followLink(this.#outage, {
      ...{ key, answer, now: this.#options.now() },
    })
    try {
      if (outage !== this.#outage) this.#keep(outage)
    } catch (error) {
      // A full disk: it holds for this process.
      this.#options.log('an answer cannot be saved', { error: (error as Error).message })
    }
    return { ...answered, link }
  }

  /** Looks whether people have to be notified, and sends what is due. */
  async tick(): Promise<void> {
    if (this.#isBusy) return
    this.#isBusy = true
    try {
      await this.#run()
    } catch (error) {
      this.#options.log('people cannot be notified', { error: (error as Error).message })
    } finally {
      this.#isBusy = false
    }
  }

  async #run(): Promise<void> {
    const roster = this.#roster
    const now = this.#options.now()
    if (now - this.#tickedAt > sleepMs) this.#calledAt = Math.max(this.#calledAt, now)
    this.#tickedAt = now
    if (roster === null || roster.alert === null || !reachesAnybody(roster)) return
    if (!this.#isAlone(roster)) return
    if (await anyAnswers(roster.servers)) {
      this.#calledAt = this.#options.now()
      return this.#end()
    }
    // A server may have called meanwhile.
    if (!this.#isAlone(roster)) return
    const due = takeSteps(this.#open(roster.alert, now), roster, now)
    if (JSON.stringify(due) !== JSON.stringify(this.#outage)) this.#keep(due)
    for (const { id } of duePages(due, now)) {
      if (!this.#isAlone(roster)) return
      const page = this.#outage?.pages.find((one) => one.id === id)
      if (page?.state === 'pending') await this.#send(page, roster)
    }
  }

  #open(alert: number, now: number): Outage {
    if (this.#outage !== null)
      return this.#outage.ended === null ? this.#outage : resumeOutage(this.#outage, now)
    const secret = this.#options.url === null ? '' : randomBytes(32).toString('base64url')
    return beginOutage({ alert, since: this.#calledAt, secret }, now)
  }

  #isAlone({ after }: HostRoster): boolean {
    return !this.#isStopped && this.#options.now() - this.#calledAt >= after
  }

  async #send(page: OutagePage, roster: HostRoster): Promise<void> {
    const { now, log, isConnected } = this.#options
    const problem = await this.#deliver(page, roster)
    const isCutOff = problem !== null && !(await isConnected())
    if (this.#outage === null) return
    if (problem !== null) log('a channel refused a message', { channel: page.channel, problem })
    this.#keep(
      problem === null
        ? acceptPage(this.#outage, page.id, now())
        : refusePage(this.#outage, page.id, { problem, isCutOff, now: now() }),
    )
  }

  /** Returns why the channel did not accept the message, or null. */
  async #deliver(page: OutagePage, roster: HostRoster): Promise<string | null> {
    const stored = roster.channels[page.channel]
    const kind = kinds.find((one) => one.kind === stored?.kind)
    const settings = kind?.settings.safeParse(stored?.settings)
    if (!kind || !settings?.success) return 'this host does not know the channel'
    const { mail, commands } = roster
    const io = { fetch: guardedFetch(policyOf(roster)), mail, commands }
    try {
      await kind.send(this.#message(page, roster), settings.data, io)
      return null
    } catch (error) {
      return error instanceof Refused ? error.message : 'it cannot be reached'
    }
  }

  #message(page: OutagePage, { publicUrl }: HostRoster): Message {
    const { hostName, countReleases, url } = this.#options
    const key = this.#outage && linkKey(this.#outage, page)
    const answerUrl = url === null || key === null ? null : `${url.origin}/answer?key=${key}`
    const { alert, since } = this.#outage ?? { alert: 0, since: this.#options.now() }
    const last = Number.isFinite(since)
      ? ` since ${new Date(since).toISOString().slice(11, 19)} UTC`
      : ''
    return {
      ...{ id: page.id, kind: 'opened', urgency: 'high', answerUrl },
      title: 'Fairlead does not answer',
      lines: [
        `No server of ${new URL(publicUrl).host} has answered${last}.`,
        `The host ${hostName} sends this itself; ${countReleases()} releases run on it.`,
        ...(answerUrl === null ? ['Nobody can acknowledge this message.'] : []),
        `You get this because ${page.reason}.`,
      ],
      url: `${publicUrl}/alerts/${alert}`,
      alert: { id: alert, app: null, environment: null, service: null, deployment: null },
    }
  }

  #end(): void {
    if (this.#outage?.ended === null) this.#keep(endOutage(this.#outage, this.#options.now()))
  }

  #keep(outage: Outage | null): void {
    this.#outage = outage
    if (outage === null) rmSync(this.#outageFile, { force: true })
    else replaceFile(this.#outageFile, JSON.stringify(outage), true)
  }
}

/** Whether a server answers that can notify people: one that reaches its database. */
async function anyAnswers(servers: string[]): Promise<boolean> {
  const answers = servers.map(async (server) => {
    const signal = AbortSignal.timeout(patience)
    const response = await fetch(`${server}/api/v1/health`, { signal })
    const { database } = (await response.json()) as { database?: string }
    if (database !== 'ok') throw new Error(server)
  })
  return Promise.any(answers).then(
    () => true,
    () => false,
  )
}

function readJson<T>(schema: z.ZodType<T>, file: string): T | null {
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return null
  }
}
