import { useMemo } from 'react'
import { AppRows } from '../home/app-table.tsx'
import { EmptyHome } from '../home/empty-home.tsx'
import { columnsOf } from '../home/overview.ts'
import { useHome } from '../live/queries.ts'
import { useFilter } from '../ui/filters.tsx'
import { Nothing, PageHead, RowsShape, useTitle } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import type { AppSummary } from '#contract/home/home.ts'

/** All apps by name, with the state of each environment. */
export function AppsPage() {
  useTitle('Apps')
  const query = useHome()
  return (
    <Loaded isPage query={query} shape={<RowsShape rows={8} />}>
      {({ apps }) => (apps.length === 0 ? <EmptyHome /> : <Apps apps={apps} />)}
    </Loaded>
  )
}

function Apps({ apps }: { apps: AppSummary[] }) {
  const [text, setText] = useFilter('q')
  const { columns, rest } = useMemo(() => columnsOf(apps), [apps])
  const shown = apps.filter(({ name }) => name.includes(text.toLowerCase().trim()))
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
      {shown.length === 0 ? <Nothing>No app matches the filter.</Nothing> : null}
      <AppRows apps={shown} columns={columns} rest={rest} />
    </>
  )
}
