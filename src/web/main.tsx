import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { BrowserRouter } from 'react-router'
import { config } from 'zod'
import { sessionKeyName } from '#contract/access/access.ts'
import { FairleadError } from '#contract/errors.ts'
import { createDependencies, DependenciesProvider } from './live/dependencies.tsx'
import { createSessionKey } from './live/session-key.ts'
import { Pages } from './pages.tsx'
import './styles.css'

// The content security policy forbids eval, which zod uses for speed.
config({ jitless: true })

const isSignInNeeded = (error: unknown): boolean =>
  error instanceof FairleadError && error.code === 'sign_in_needed'

const queries = new QueryClient({
  queryCache: new QueryCache({
    onError: (error, query) => {
      if (isSignInNeeded(error) && query.queryKey[0] !== 'me')
        void queries.invalidateQueries({ queryKey: ['me'] })
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: 5000,
      networkMode: 'always',
      retry: (count, error) =>
        error instanceof FairleadError && error.code === 'unavailable' && count < 2,
      retryDelay: (count) => 400 * 2 ** count,
    },
    mutations: { networkMode: 'always' },
  },
})

const sessionKey = createSessionKey(() => localStorage, Date.now)
if (location.hash.includes(sessionKeyName)) {
  sessionKey.accept(location.hash)
  history.replaceState(null, '', `${location.pathname}${location.search}`)
}

const root = document.getElementById('root')
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <DependenciesProvider value={createDependencies(sessionKey)}>
          <BrowserRouter>
            <Pages />
          </BrowserRouter>
        </DependenciesProvider>
      </QueryClientProvider>
    </StrictMode>,
  )
}
