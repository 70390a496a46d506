import { useDeployments } from '../live/deployment-queries.ts'
import { useHome } from '../live/queries.ts'
import { AppFilter, SelectFilter, useFilter, wordChoices } from '../ui/filters.tsx'
import { More } from '../ui/more.tsx'
import { Nothing, PageHead, RowsShape, useTitle } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { deploymentBadges, type DeploymentState } from '../ui/state.ts'
import { DeploymentRow } from './deployment-row.tsx'

export function DeploymentsPage() {
  useTitle('Deployments')
  const [app] = useFilter('app')
  const [environment] = useFilter('environment')
  const [state] = useFilter('state')
  const query = useDeployments({
    ...(app ? { app } : {}),
    ...(environment ? { environment } : {}),
    ...(state in deploymentBadges ? { state: state as DeploymentState } : {}),
  })
  const { data: home } = useHome()
  const names = new Set(
    (home?.apps ?? [])
      .filter(({ name }) => app === '' || name === app)
      .flatMap(({ environments }) => environments.map((one) => one.name)),
  )
  const choices = (values: Iterable<string>) => [...values].map((value) => ({ value, text: value }))
  return (
    <>
      <PageHead
        title="Deployments"
        actions={
          <>
            <AppFilter />
            <SelectFilter name="environment" label="Environment" choices={choices(names)} />
            <SelectFilter name="state" label="State" choices={wordChoices(deploymentBadges)} />
          </>
        }
      />
      <Loaded query={query} shape={<RowsShape rows={10} height="h-16" />}>
        {({ pages }) => {
          const deployments = pages.flatMap((page) => page.deployments)
          if (deployments.length === 0) return <Nothing>No deployments match the filter.</Nothing>
          return (
            <>
              <ul className="panel divide-y divide-edge overflow-hidden">
                {deployments.map((deployment) => (
                  <DeploymentRow key={deployment.id} deployment={deployment} />
                ))}
              </ul>
              <More query={query} shown={deployments.length} noun="deployments" />
            </>
          )
        }}
      </Loaded>
    </>
  )
}
