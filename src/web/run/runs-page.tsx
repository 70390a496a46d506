import { useParams } from 'react-router'
import { AppFilter, SelectFilter, useFilter, wordChoices } from '../ui/filters.tsx'
import { PageHead, useTitle } from '../ui/page.tsx'
import { runBadges } from '../ui/state.ts'
import { RunList } from './run-list.tsx'

const StateFilter = () => (
  <SelectFilter name="state" label="State" choices={wordChoices(runBadges)} />
)

export function RunsPage() {
  useTitle('Runs')
  const [app] = useFilter('app')
  const [state] = useFilter('state')
  return (
    <>
      <PageHead
        title="Runs"
        actions={
          <>
            <AppFilter />
            <StateFilter />
          </>
        }
      />
      <RunList app={app} state={state} />
    </>
  )
}

/** The runs of an app, on its own page. */
export function AppRunsPage() {
  const { app = '' } = useParams()
  const [state] = useFilter('state')
  useTitle(`${app}: runs`)
  return (
    <>
      <div className="mb-4 flex">
        <StateFilter />
      </div>
      <RunList app={app} state={state} />
    </>
  )
}
