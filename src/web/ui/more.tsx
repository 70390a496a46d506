import { useState } from 'react'
import { Button } from './button.tsx'
import { formatCount } from './number.ts'

interface Pages {
  hasNextPage: boolean
  isFetchingNextPage: boolean
  fetchNextPage: () => unknown
}

/** The footer of a list that loads page by page. */
export function More({ query, shown, noun }: { query: Pages; shown: number; noun: string }) {
  return (
    <footer className="mt-3 flex items-center justify-between gap-4 text-soft">
      <span>
        {shown} {shown === 1 ? noun.replace(/(ie)?s$/, (end) => (end === 'ies' ? 'y' : '')) : noun}
        {query.hasNextPage ? ' loaded' : ''}
      </span>
      {query.hasNextPage ? (
        <Button disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          {query.isFetchingNextPage ? 'Loading …' : 'Load older'}
        </Button>
      ) : null}
    </footer>
  )
}

/** The first items of a list that is here as a whole, and a function that shows more of them. */
export function useMore<T>(all: T[], first: number): { shown: T[]; more: (() => void) | null } {
  const [most, setMost] = useState(first)
  return all.length <= most
    ? { shown: all, more: null }
    : { shown: all.slice(0, most), more: () => setMost(most + 4 * first) }
}

/** The footer of a list of which a part is shown. */
export function ShowMore({
  shown,
  all,
  noun,
  more,
}: {
  shown: unknown[]
  all: unknown[]
  noun: string
  more: () => void
}) {
  return (
    <footer className="mt-3 flex items-center justify-between gap-4 text-soft">
      {formatCount(shown.length)} of {formatCount(all.length)} {noun}
      <Button onClick={more}>Show more</Button>
    </footer>
  )
}
