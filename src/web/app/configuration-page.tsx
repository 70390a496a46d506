import { useParams } from 'react-router'
import { isPreviewName } from '#contract/pull-request/pull-request.ts'
import { ConfigurationSection } from '../environment/configuration-section.tsx'
import { useLine } from '../live/queries.ts'
import { Toggle } from '../ui/button.tsx'
import { useFilter } from '../ui/filters.tsx'
import { Nothing, RowsShape, useTitle } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'

/** The variables and secrets of one environment of an app. */
export function ConfigurationPage() {
  const { app = '' } = useParams()
  const query = useLine(app)
  const [wanted, choose] = useFilter('environment')
  useTitle(`${app}: configuration`)
  return (
    <Loaded query={query} shape={<RowsShape rows={3} height="h-10" />}>
      {({ environments }) => {
        const all = environments.filter(({ name }) => !isPreviewName(name))
        const shown = all.find(({ name }) => name === wanted) ?? all[0]
        if (!shown)
          return (
            <Nothing>
              There are no environments yet. Set variables and secrets before the first run with
              fairlead env set and fairlead secret set.
            </Nothing>
          )
        return (
          <>
            <div role="group" aria-label="Environment" className="flex flex-wrap gap-1">
              {all.map(({ name }) => (
                <Toggle
                  key={name}
                  on={name === shown.name}
                  onChange={() => choose(name)}
                  label={name}
                >
                  {name}
                </Toggle>
              ))}
            </div>
            <ConfigurationSection
              key={shown.name}
              app={app}
              environment={shown.name}
              change={shown.current === null ? null : shown.change}
              rolledBackTo={shown.current?.kind === 'rollback' ? shown.current.configuration : null}
            />
          </>
        )
      }}
    </Loaded>
  )
}
