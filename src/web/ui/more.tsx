import { Button } from './button.tsx'

interface Pages {
  hasNextPage: boolean
  isFetchingNextPage: boolean
  fetchNextPage: () => unknown
}

/** The foot of a long list. */
export function More({ query, shown, noun }: { query: Pages; shown: number; noun: string }) {
  return (
    <footer className="mt-3 flex items-center justify-between gap-4 text-soft">
      <span>
        {shown} {noun}
        {query.hasNextPage ? ' so far' : ''}
      </span>
      {query.hasNextPage ? (
        <Button disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          {query.isFetchingNextPage ? 'Reading older ones …' : 'Older'}
        </Button>
      ) : null}
    </footer>
  )
}
