import type { EventSource } from 'eventsource'
import { storedEvent, type StoredEvent } from '#contract/event/event.ts'

/** Opens a stream of server-sent events with the key of the session. */
export type OpenStream = (url: string) => EventSource

/** `since` is when the connection was lost, in milliseconds since the epoch. */
export type ConnectionState =
  | { kind: 'connecting' }
  | { kind: 'live' }
  | { kind: 'lost'; since: number }

export interface Connection {
  state(): ConnectionState
  subscribe(listener: () => void): () => void
  onEvent(listener: (event: StoredEvent) => void): () => void
  /** called when events may have been missed, so that all data has to be fetched again */
  onReconnect(listener: () => void): () => void
  open(): void
  close(): void
}

interface ConnectionOptions {
  url: string
  openStream: OpenStream
  now(): number
}

const firstWait = 500
const longestWait = 8000
/**
 * A hidden tab closes its stream after this many milliseconds, because a browser allows only six
 * HTTP/1.1 connections per host over all tabs.
 */
const sleepAfter = 30_000

/** The event stream of this page. Reconnects automatically, and resumes after the last event. */
export function createConnection({ url, now, openStream }: ConnectionOptions): Connection {
  const listeners = {
    change: new Set<() => void>(),
    event: new Set<(event: StoredEvent) => void>(),
    reconnect: new Set<() => void>(),
  }
  let state: ConnectionState = { kind: 'connecting' }
  let source: EventSource | null = null
  let last: string | null = null
  let wait = firstWait
  let hasMissedEvents = false
  let timer: ReturnType<typeof setTimeout> | undefined

  const set = (next: ConnectionState): void => {
    state = next
    for (const listener of listeners.change) listener()
  }
  const disconnect = (): void => {
    clearTimeout(timer)
    source?.close()
    source = null
  }
  const onError = (): void => {
    disconnect()
    hasMissedEvents = true
    if (state.kind !== 'lost') set({ kind: 'lost', since: now() })
    timer = setTimeout(connect, wait)
    wait = Math.min(wait * 2, longestWait)
  }
  const onOpen = (): void => {
    wait = firstWait
    set({ kind: 'live' })
    if (hasMissedEvents) for (const listener of listeners.reconnect) listener()
    hasMissedEvents = false
  }
  const connect = (): void => {
    disconnect()
    const stream = openStream(last === null ? url : `${url}?after=${last}`)
    source = stream
    stream.addEventListener('open', onOpen)
    stream.addEventListener('error', onError)
    stream.addEventListener('message', (message: MessageEvent<string>) => {
      const parsed = storedEvent.safeParse(JSON.parse(message.data))
      if (!parsed.success) return
      last = String(parsed.data.id)
      for (const listener of listeners.event) listener(parsed.data)
    })
  }
  const sleep = (): void => {
    disconnect()
    // Events of a long pause are not replayed: all data is fetched again.
    last = null
    hasMissedEvents = true
  }
  const onVisibility = (): void => {
    if (document.hidden) timer = setTimeout(sleep, sleepAfter)
    else if (source === null) connect()
    else clearTimeout(timer)
  }
  const add = <T>(set: Set<T>, listener: T) => {
    set.add(listener)
    return () => void set.delete(listener)
  }
  return {
    state: () => state,
    subscribe: (listener) => add(listeners.change, listener),
    onEvent: (listener) => add(listeners.event, listener),
    onReconnect: (listener) => add(listeners.reconnect, listener),
    open: () => {
      document.addEventListener('visibilitychange', onVisibility)
      if (source === null) connect()
    },
    close: () => {
      document.removeEventListener('visibilitychange', onVisibility)
      disconnect()
      state = { kind: 'connecting' }
    },
  }
}
