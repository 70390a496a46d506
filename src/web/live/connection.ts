import { storedEvent, type StoredEvent } from '#contract/event/event.ts'

/** `since` is when it was lost, in milliseconds since the epoch. */
export type ConnectionState =
  | { kind: 'connecting' }
  | { kind: 'live' }
  | { kind: 'lost'; since: number }

export interface Connection {
  state(): ConnectionState
  subscribe(listener: () => void): () => void
  onEvent(listener: (event: StoredEvent) => void): () => void
  /** called when events may have been missed: everything shown should be read again */
  onReturn(listener: () => void): () => void
  open(): void
  close(): void
}

interface ConnectionOptions {
  url: string
  now(): number
}

const firstWait = 500
const longestWait = 8000
/**
 * A page that nobody sees gives its stream back after this long, because a browser has only six for
 * all its tabs.
 */
const sleepAfter = 30_000

/**
 * The one stream of events of this page. It comes back by itself, from the event after the last
 * that was seen.
 */
export function createConnection({ url, now }: ConnectionOptions): Connection {
  const listeners = {
    change: new Set<() => void>(),
    event: new Set<(event: StoredEvent) => void>(),
    back: new Set<() => void>(),
  }
  let state: ConnectionState = { kind: 'connecting' }
  let source: EventSource | null = null
  let last: string | null = null
  let wait = firstWait
  let missedSome = false
  let timer: ReturnType<typeof setTimeout> | undefined

  const set = (next: ConnectionState): void => {
    state = next
    for (const listener of listeners.change) listener()
  }
  const leave = (): void => {
    clearTimeout(timer)
    source?.close()
    source = null
  }
  const lose = (): void => {
    leave()
    missedSome = true
    if (state.kind !== 'lost') set({ kind: 'lost', since: now() })
    timer = setTimeout(connect, wait)
    wait = Math.min(wait * 2, longestWait)
  }
  const arrive = (): void => {
    wait = firstWait
    set({ kind: 'live' })
    if (missedSome) for (const listener of listeners.back) listener()
    missedSome = false
  }
  const connect = (): void => {
    leave()
    const stream = new EventSource(last === null ? url : `${url}?after=${last}`)
    source = stream
    stream.addEventListener('open', arrive)
    stream.addEventListener('error', lose)
    stream.addEventListener('message', (message: MessageEvent<string>) => {
      const parsed = storedEvent.safeParse(JSON.parse(message.data))
      if (!parsed.success) return
      last = String(parsed.data.id)
      for (const listener of listeners.event) listener(parsed.data)
    })
  }
  const sleep = (): void => {
    leave()
    // What was missed is not replayed, however much it was: everything is read again.
    last = null
    missedSome = true
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
    onReturn: (listener) => add(listeners.back, listener),
    open: () => {
      document.addEventListener('visibilitychange', onVisibility)
      if (source === null) connect()
    },
    close: () => {
      document.removeEventListener('visibilitychange', onVisibility)
      leave()
      state = { kind: 'connecting' }
    },
  }
}
