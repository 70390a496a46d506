import { useState } from 'react'
import { useSearchParams } from 'react-router'
import type { Incident, RankingRecord } from '#contract/incident/incident.ts'
import { useClient } from '../live/dependencies.tsx'
import { useMay } from '../live/access-queries.ts'
import { useAppNames } from '../live/queries.ts'
import { Button, ButtonLink, FormButtons } from '../ui/button.tsx'
import { Modal } from '../ui/dialog.tsx'
import { Choice, Field } from '../ui/field.tsx'
import { AppFilter, SelectFilter, useFilter, wordChoices } from '../ui/filters.tsx'
import { Nothing, PageHead, RowsShape, useTitle } from '../ui/page.tsx'
import { Loaded, ProblemLine } from '../ui/problem.tsx'
import { useSave } from '../ui/save.ts'
import { incidentBadges } from './badges.ts'
import { IncidentRow } from './incident-row.tsx'
import { useIncidents } from './queries.ts'

/** The list of incidents. */
export function IncidentsPage() {
  useTitle('Incidents')
  const [app] = useFilter('app')
  const [state] = useFilter('state')
  const [search, setSearch] = useSearchParams()
  const mayOpen = useMay('developer', app === '' ? null : app)
  const query = useIncidents({
    ...(app === '' ? {} : { app }),
    ...(state in incidentBadges ? { state: state as Incident['state'] } : {}),
  })
  const setOpening = (isOpening: boolean): void =>
    setSearch(
      (now) => {
        const next = new URLSearchParams(now)
        if (isOpening) next.set('open', 'incident')
        else next.delete('open')
        return next
      },
      { replace: true },
    )
  return (
    <>
      <PageHead
        title="Incidents"
        actions={
          <>
            <AppFilter />
            <SelectFilter name="state" label="State" choices={wordChoices(incidentBadges)} />
            <ButtonLink to="/incidents/reviews">Reviews</ButtonLink>
            {mayOpen ? (
              <Button kind="primary" onClick={() => setOpening(true)}>
                Open incident …
              </Button>
            ) : null}
          </>
        }
      />
      <Loaded query={query} shape={<RowsShape rows={6} height="h-16" />}>
        {({ incidents, ranking }) => (
          <>
            <Ranking ranking={ranking} />
            {incidents.length === 0 ? (
              <Nothing>
                {state || app ? 'No incidents match the filter.' : 'No incidents yet.'}
              </Nothing>
            ) : (
              <ul className="panel divide-y divide-edge overflow-hidden">
                {incidents.map((incident) => (
                  <IncidentRow key={incident.id} incident={incident} />
                ))}
              </ul>
            )}
          </>
        )}
      </Loaded>
      <Modal
        open={mayOpen && search.get('open') === 'incident'}
        close={() => setOpening(false)}
        title="Open incident"
      >
        <OpenForm app={app} close={() => setOpening(false)} />
      </Modal>
    </>
  )
}

/** How often the ranking of changes was right. */
const Ranking = ({ ranking: { confirmed, first, firstThree } }: { ranking: RankingRecord }) =>
  confirmed === 0 ? null : (
    <p className="mb-3 text-soft">
      Of {confirmed} confirmed causes, the first suspect was right in {first}, one of the first
      three in {firstThree}.
    </p>
  )

const severityChoices = {
  '': 'Proposed from the impact',
  minor: 'Minor',
  major: 'Major',
  critical: 'Critical',
}

function OpenForm({ app: chosen, close }: { app: string; close: () => void }) {
  const client = useClient()
  const apps = useAppNames()
  const [picked, setApp] = useState(chosen)
  const app = picked === '' ? (apps[0] ?? '') : picked
  const [environment, setEnvironment] = useState('production')
  const [title, setTitle] = useState('')
  const [severity, setSeverity] = useState<keyof typeof severityChoices>('')
  const send = () =>
    client.openIncident({
      params: { app },
      body: { title, environment, ...(severity === '' ? {} : { severity }) },
    })
  const { onSubmit, error } = useSave(send, { key: 'incidents', close })
  return (
    <form onSubmit={onSubmit} className="flex flex-col gap-3">
      <Field label="What customers notice" value={title} set={setTitle} maxLength={200} required />
      <Choice
        label="App"
        value={app}
        set={setApp}
        choices={Object.fromEntries(apps.map((name) => [name, name]))}
      />
      <div className="grid gap-3 sm:grid-cols-2">
        <Field label="Environment" value={environment} set={setEnvironment} required />
        <Choice label="Severity" value={severity} set={setSeverity} choices={severityChoices} />
      </div>
      <ProblemLine error={error} />
      <FormButtons verb="Open" disabled={app === ''} close={close} />
    </form>
  )
}
