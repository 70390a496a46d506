import { useMemo } from 'react'
import { AppRows } from '../home/app-table.tsx'
import { EmptyHome } from '../home/empty-home.tsx'
import { columnsOf } from '../home/overview.ts'
import { useHome } from '../live/queries.ts'
import { useMay } from '../live/access-queries.ts'
import { Button } from '../ui/button.tsx'
import { Modal } from '../ui/dialog.tsx'
import { AppSearch, useFilter } from '../ui/filters.tsx'
import { Nothing, PageHead, RowsShape, useTitle } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import type { AppSummary } from '#contract/home/home.ts'
import { AddApp } from './add-app.tsx'

/** All apps by name, with the state of each environment. */
export function AppsPage() {
  useTitle('Apps')
  const query = useHome()
  const [add, setAdd] = useFilter('add')
  const close = (): void => setAdd('')
  return (
    <>
      <Loaded isPage query={query} shape={<RowsShape rows={8} />}>
        {({ apps }) => (apps.length === 0 ? <EmptyHome /> : <Apps apps={apps} />)}
      </Loaded>
      <Modal open={add !== ''} close={close} title="Add an app">
        <AddApp close={close} />
      </Modal>
    </>
  )
}

function Apps({ apps }: { apps: AppSummary[] }) {
  const [text] = useFilter('q')
  const [, setAdd] = useFilter('add')
  const mayAdd = useMay('developer', null)
  const { columns, rest } = useMemo(() => columnsOf(apps), [apps])
  const shown = apps.filter(({ name }) => name.includes(text.toLowerCase().trim()))
  return (
    <>
      <PageHead
        title="Apps"
        actions={
          <>
            <AppSearch />
            {mayAdd ? (
              <Button kind="primary" onClick={() => setAdd('app')}>
                Add app
              </Button>
            ) : null}
          </>
        }
      />
      {shown.length === 0 ? <Nothing>No app matches the filter.</Nothing> : null}
      <AppRows apps={shown} columns={columns} rest={rest} />
    </>
  )
}
