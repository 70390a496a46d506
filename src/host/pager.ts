import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { z } from 'zod'
import {
  type HostRoster,
  hostRoster,
  type RosterAnswer,
  outage as outageSchema,
  type Outage,
  type OutagePage,
  type PeerReport,
} from '#contract/host/roster.ts'
import type { Answer } from '#platform/channel/answer.ts'
import { isHeard, maySend, mergeOutages } from './agreement.ts'
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
import { type Answered, followLink } from './outage-link.ts'
import { deliverPage, type Sender } from './outage-message.ts'
import { answerHost, askHosts, type SignedAnswer } from './peers.ts'
import { replaceFile } from './state.ts'

export interface PagerOptions extends Sender {
  /** names this host among those of the installation */
  id: string
  /** where the roster and the outage are kept */
  folder: string
  /** milliseconds since 1970 */
  now(): number
  /** whether this machine reaches another one */
  isConnected(): Promise<boolean>
  log(message: string, fields?: Record<string, unknown>): void
}

const tickMs = 1000
/** A pause between two ticks that means that the machine slept. */
const sleepMs = 30_000
/** Milliseconds that a server has to answer. */
const patience = 3000
/** Milliseconds between two questions to the other hosts. */
const askMs = 5000

/**
 * Notifies people by the last roster when no server has called for a while and none answers. What
 * was sent is on disk before the next message, so that a host that is killed sends none twice with
 * another id. Of several hosts, the first one that answers sends; all know what it did.
 */
export class Pager {
  readonly #options: PagerOptions
  readonly #rosterFile: string
  readonly #outageFile: string
  #roster: HostRoster | null = null
  #outage: Outage | null = null
  #calledAt: number
  #tickedAt: number
  /** when a host before this one could send */
  #heardAt: number
  #askedAt = -Infinity
  #isOtherSending = false
  #isSending = false
  #isCutOff = false
  #isBusy = false
  #isStopped = false
  #isRead = false
  #timer: NodeJS.Timeout | undefined

  constructor(options: PagerOptions) {
    this.#options = options
    this.#rosterFile = join(options.folder, 'roster.json')
    this.#outageFile = join(options.folder, 'outage.json')
    this.#calledAt = this.#tickedAt = this.#heardAt = options.now()
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
  set(roster: HostRoster): RosterAnswer {
    this.#calledAt = this.#options.now()
    const text = JSON.stringify(roster)
    const isNew = text !== JSON.stringify(this.#roster)
    this.#roster = roster
    if (isNew) this.#write('the roster', () => replaceFile(this.#rosterFile, text, true))
    if (this.#outage?.alert === roster.recorded) this.#keep(null)
    else this.#end()
    const { id, url } = this.#options
    return { host: { id, url: url?.origin ?? null }, outage: this.#outage }
  }

  /** Answers another host; null when it does not know the secret. */
  hear(question: { text: string; headers: Record<string, unknown> }): SignedAnswer | null {
    return answerHost(this.#roster?.secret ?? '', question, ({ outage }) => {
      if (this.#isRead && !this.#isStopped) this.#merge(outage)
      return this.#report()
    })
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
    if (outage !== this.#outage) this.#keep(outage)
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
    if (!this.#isAlone(roster)) return this.#meet()
    if (await anyAnswers(roster.servers)) {
      this.#calledAt = this.#options.now()
      return this.#end()
    }
    await this.#ask(roster)
    // A server may have called meanwhile, this host or another one.
    if (!this.#isAlone(roster)) return this.#end()
    const heard = this.#heardAt
    if (this.#isOtherSending || !maySend(roster.hosts, this.#options.id, { heard, now })) return
    const due = takeSteps(this.#open(roster, now), roster, now)
    if (JSON.stringify(due) !== JSON.stringify(this.#outage)) this.#keep(due)
    for (const { id } of duePages(due, now)) {
      if (!this.#isAlone(roster)) return
      const page = this.#outage?.pages.find((one) => one.id === id)
      if (page?.state === 'pending') await this.#send(page, roster)
    }
  }

  /** While a server calls, the hosts before this one have time to be heard. */
  #meet(): void {
    this.#heardAt = this.#options.now()
    this.#askedAt = -Infinity
    this.#isOtherSending = false
  }

  /** Asks the other hosts now and then what they know and did. */
  async #ask({ hosts, secret }: HostRoster): Promise<void> {
    const { id, now } = this.#options
    if (now() - this.#askedAt < askMs) return
    this.#askedAt = now()
    const reports = await askHosts(hosts, secret, this.#report())
    this.#isOtherSending = reports.some(({ isSending }) => isSending)
    for (const report of reports) {
      if (isHeard(hosts, id, report)) this.#heardAt = now()
      if (report.age !== null) this.#calledAt = Math.max(this.#calledAt, now() - report.age)
      this.#merge(report.outage)
    }
  }

  #report(): PeerReport {
    const age = Math.max(0, this.#options.now() - this.#calledAt)
    const isReady = this.#isRead && !this.#isStopped && !this.#isCutOff
    return {
      ...{ host: this.#options.id, age: Number.isFinite(age) ? age : null },
      canSend: isReady && this.#roster !== null && reachesAnybody(this.#roster),
      isSending: this.#isSending,
      outage: this.#outage && { ...this.#outage, secret: '' },
    }
  }

  #merge(other: Outage | null): void {
    const merged = mergeOutages(this.#outage, other)
    if (merged === null || JSON.stringify(merged) === JSON.stringify(this.#outage)) return
    this.#keep(this.#outage === null ? { ...merged, secret: this.#linkSecret() } : merged)
  }

  #linkSecret(): string {
    return this.#options.url === null ? '' : (this.#roster?.secret ?? '')
  }

  #open({ alert }: HostRoster, now: number): Outage {
    if (this.#outage !== null)
      return this.#outage.ended === null ? this.#outage : resumeOutage(this.#outage, now)
    const secret = this.#linkSecret()
    return beginOutage({ alert: alert ?? 0, since: this.#calledAt, secret }, now)
  }

  #isAlone({ after }: HostRoster): boolean {
    return !this.#isStopped && this.#options.now() - this.#calledAt >= after
  }

  async #send(page: OutagePage, roster: HostRoster): Promise<void> {
    const { now, log, isConnected } = this.#options
    if (this.#outage === null) return
    this.#isSending = true
    const problem = await deliverPage(this.#options, roster, this.#outage, page)
    this.#isSending = false
    const isCutOff = problem !== null && !(await isConnected())
    this.#isCutOff = isCutOff
    if (this.#outage === null) return
    if (problem !== null) log('a channel refused a message', { channel: page.channel, problem })
    this.#keep(
      problem === null
        ? acceptPage(this.#outage, page.id, now())
        : refusePage(this.#outage, page.id, { problem, isCutOff, now: now() }),
    )
  }

  #end(): void {
    if (this.#outage?.ended === null) this.#keep(endOutage(this.#outage, this.#options.now()))
  }

  #keep(outage: Outage | null): void {
    this.#outage = outage
    this.#write('the outage', () =>
      outage === null
        ? rmSync(this.#outageFile, { force: true })
        : replaceFile(this.#outageFile, JSON.stringify(outage), true),
    )
  }

  /** On a full disk, it holds for this process: people must be notified then, too. */
  #write(what: string, write: () => void): void {
    try {
      write()
    } catch (error) {
      this.#options.log(`${what} cannot be saved`, { error: (error as Error).message })
    }
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
