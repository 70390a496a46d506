import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { BrowserRouter } from 'react-router'
import { config } from 'zod'
import { FairleadError } from '#contract/errors.ts'
import { createDependencies, DependenciesProvider } from './live/dependencies.tsx'
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

const root = document.getElementById('root')
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <DependenciesProvider value={createDependencies()}>
          <BrowserRouter>
            <Pages />
          </BrowserRouter>
        </DependenciesProvider>
      </QueryClientProvider>
    </StrictMode>,
  )
}
