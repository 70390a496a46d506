import { type QueryClient, useQueryClient } from '@tanstack/react-query'
import { createContext, type ReactNode, useContext, useEffect, useSyncExternalStore } from 'react'
import { type Client, createClient } from '#contract/client.ts'
import { type Clock, createClock } from './clock.ts'
import { type Connection, type ConnectionState, createConnection } from './connection.ts'
import { createPatcher } from './patch.ts'

/** Services of the whole console: the API client, the server's clock, and the event stream. */
export interface Dependencies {
  client: Client
  clock: Clock
  connection: Connection
}

export function createDependencies(): Dependencies {
  const clock = createClock(Date.now)
  const client = createClient({
    base: '',
    fetch: async (input, init) => {
      const response = await fetch(input, init)
      clock.calibrate(response.headers.get('date'))
      return response
    },
  })
  return {
    client,
    clock,
    connection: createConnection({ url: '/api/v1/events/stream', now: Date.now }),
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
