import { CompactRow } from '../line/compact-row.tsx'
import { EmptyHome } from '../home/empty-home.tsx'
import { useLines } from '../live/queries.ts'
import { useFilter } from '../ui/filters.tsx'
import { Nothing, PageHead, RowsShape, useTitle } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'

/** All apps by name, with the state of each environment. */
export function AppsPage() {
  useTitle('Apps')
  const query = useLines()
  const [text, setText] = useFilter('q')
  return (
    <Loaded isPage query={query} shape={<RowsShape rows={8} />}>
      {(lines) => {
        if (lines.length === 0) return <EmptyHome />
        const shown = lines
          .filter(({ app }) => app.name.includes(text.toLowerCase().trim()))
          .toSorted((a, b) => (a.app.name < b.app.name ? -1 : 1))
        return (
          <>
            <PageHead
              title="Apps"
              actions={
                <input
                  data-search
                  type="search"
                  aria-label="Find an app"
                  placeholder="Find an app"
                  value={text}
                  onChange={(event) => setText(event.target.value)}
                  className="field h-9 w-48 max-sm:w-full"
                />
              }
            />
            {shown.length === 0 ? (
              <Nothing>No app matches the filter.</Nothing>
            ) : (
              <div className="panel divide-y divide-edge overflow-hidden">
                {shown.map((line) => (
                  <CompactRow key={line.app.name} line={line} />
                ))}
              </div>
            )}
          </>
        )
      }}
    </Loaded>
  )
}
