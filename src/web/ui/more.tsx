import { Button } from './button.tsx'

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
