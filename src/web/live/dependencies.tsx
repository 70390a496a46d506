import { type QueryClient, useQueryClient } from '@tanstack/react-query'
import { EventSource } from 'eventsource'
import {
  createContext,
  type ReactNode,
  useContext,
  useEffect,
  useRef,
  useSyncExternalStore,
} from 'react'
import { sessionKeyName } from '#contract/access/access.ts'
import { type Client, createClient } from '#contract/client.ts'
import { type Clock, createClock } from './clock.ts'
import {
  type Connection,
  type ConnectionState,
  createConnection,
  type OpenStream,
} from './connection.ts'
import { createPatcher } from './patch.ts'
import type { SessionKey } from './session-key.ts'

/** Services of the whole console: the API client, the server's clock, and the event stream. */
export interface Dependencies {
  client: Client
  clock: Clock
  connection: Connection
  openStream: OpenStream
  sessionKey: SessionKey
}

export function createDependencies(sessionKey: SessionKey): Dependencies {
  const clock = createClock(Date.now)
  const send = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const headers = new Headers(init?.headers)
    // Read for each request: another tab may have signed in or out.
    const key = sessionKey.get()
    if (key !== null) headers.set(sessionKeyName, key)
    const response = await fetch(input, { ...init, headers })
    clock.calibrate(response.headers.get('date'))
    return response
  }
  const openStream: OpenStream = (url) => new EventSource(url, { fetch: send })
  return {
    client: createClient({ base: '', fetch: send }),
    clock,
    connection: createConnection({ url: '/api/v1/events/stream', now: Date.now, openStream }),
    openStream,
    sessionKey,
  }
}

const DependenciesContext = createContext<Dependencies | null>(null)

export function DependenciesProvider({
  value,
  children,
}: {
  value: Dependencies
  children: ReactNode
}) {
  return <DependenciesContext value={value}>{children}</DependenciesContext>
}

export function useDependencies(): Dependencies {
  const dependencies = useContext(DependenciesContext)
  if (!dependencies) throw new Error('There is no DependenciesProvider around this component')
  return dependencies
}

export const useClient = (): Client => useDependencies().client

/** Calls the listener when another tab signs in or out. */
export function useOtherTabs(listener: (isSignedIn: boolean) => void): void {
  const latest = useRef(listener)
  latest.current = listener
  useEffect(() => {
    const onStorage = ({ key, newValue }: StorageEvent): void => {
      if (key === sessionKeyName) latest.current(newValue !== null)
    }
    addEventListener('storage', onStorage)
    return () => removeEventListener('storage', onStorage)
  }, [])
}

/** A text that depends on the server's time. Renders again only when the text changes. */
export function useTimeText(text: (now: number) => string): string {
  const { clock } = useDependencies()
  return useSyncExternalStore(clock.subscribe, () => text(clock.tick()))
}

export function useConnection(): ConnectionState {
  const { connection } = useDependencies()
  return useSyncExternalStore(connection.subscribe, connection.state)
}

/** Keeps the event stream open and the caches current while the component is mounted. */
export function useLiveCaches(): void {
  const { client, connection } = useDependencies()
  const queries: QueryClient = useQueryClient()
  useEffect(() => {
    const patcher = createPatcher(queries, client)
    const stop = [connection.onEvent(patcher.apply), connection.onReconnect(patcher.refetchAll)]
    connection.open()
    return () => {
      for (const each of stop) each()
      connection.close()
    }
  }, [queries, client, connection])
}
