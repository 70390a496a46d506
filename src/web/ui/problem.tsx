import { TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import { FairleadError } from '#contract/errors.ts'
import { Button, ButtonLink } from './button.tsx'
import { useTitle } from './page.tsx'

/** The two sentences of an error: what happened, and what to do. */
export function problemOf(error: unknown): { title: string; next: string; code: string } {
  if (error instanceof FairleadError)
    return { title: error.message, next: error.next, code: error.code }
  const title = 'The console could not read the response of the server.'
  return {
    title,
    next: 'Reload the page; the server and the console may have different versions.',
    code: 'internal',
  }
}

interface Panel {
  error: unknown
  again?: () => void
  /** The error takes the place of a whole page, so its title is the heading of the page. */
  isPage?: boolean
}

/** An error in place of the content that could not be loaded. */
export function ProblemPanel({ error, again, isPage = false }: Panel) {
  const Heading = isPage ? 'h1' : 'h2'
  const { title, next, code } = problemOf(error)
  useTitle(title.replace(/\.$/, ''), '!')
  return (
    <section
      role="alert"
      className="panel mx-auto my-8 flex max-w-xl flex-col items-start gap-3 p-6"
    >
      <TriangleAlert size={22} className="text-warn" aria-hidden />
      <Heading className="text-lg font-semibold">{title}</Heading>
      <p className="text-soft">{next}</p>
      <div className="flex gap-2">
        {again && code !== 'not_found' ? <Button onClick={again}>Try again</Button> : null}
        <ButtonLink to="/">Home</ButtonLink>
      </div>
    </section>
  )
}

/** An error beside the control that caused it. */
export function ProblemLine({ error }: { error: unknown }) {
  if (!error) return null
  const { title, next } = problemOf(error)
  return (
    <p role="alert" className="text-bad">
      {title} <span className="text-soft">{next}</span>
    </p>
  )
}

interface Query<T> {
  data: T | undefined
  error: unknown
  refetch: () => unknown
}

/**
 * Shows the data of a query, a placeholder while it loads, or its error. Data that has been loaded
 * stays while the server is unreachable.
 */
export function Loaded<T>({
  query,
  shape,
  isPage = false,
  children,
}: {
  query: Query<T>
  shape: ReactNode
  /** the content is a whole page, with its heading */
  isPage?: boolean
  children: (data: T) => ReactNode
}) {
  if (query.data !== undefined) return children(query.data)
  if (query.error)
    return <ProblemPanel error={query.error} again={() => void query.refetch()} isPage={isPage} />
  return (
    <div role="status" aria-label="Loading" className="appear-late">
      {shape}
    </div>
  )
}
