import { useState } from 'react'
import type { IncidentDetail } from '#contract/incident/incident.ts'
import { useClient } from '../live/dependencies.tsx'
import { FormButtons } from '../ui/button.tsx'
import { Choice } from '../ui/field.tsx'
import { Loaded, ProblemLine } from '../ui/problem.tsx'
import { RowsShape } from '../ui/page.tsx'
import { useSave } from '../ui/save.ts'
import { useIncidents } from './queries.ts'

interface MergeFormProps {
  incident: IncidentDetail
  close: () => void
}

/** Merges another incident of the same environment into this one. */
export function MergeForm({ incident, close }: MergeFormProps) {
  const { id, app, environment } = incident
  const query = useIncidents({ ...(app === null ? {} : { app }), state: 'unclosed' })
  return (
    <Loaded query={query} shape={<RowsShape rows={1} height="h-14" />}>
      {({ incidents }) => {
        const others = incidents.filter(
          (one) => one.id !== id && one.app === app && one.environment === environment,
        )
        return others.length === 0 ? (
          <p className="text-soft">No other incident of this environment is open.</p>
        ) : (
          <Merge
            incident={incident}
            close={close}
            choices={Object.fromEntries(
              others.map((one) => [String(one.id), `${one.id}: ${one.title}`]),
            )}
          />
        )
      }}
    </Loaded>
  )
}

function Merge({
  incident: { id },
  close,
  choices,
}: MergeFormProps & { choices: Record<string, string> }) {
  const client = useClient()
  const [picked, pick] = useState('')
  const other = picked in choices ? picked : (Object.keys(choices)[0] ?? '')
  const send = () =>
    client.mergeIncident({ params: { incident: id }, body: { other: Number(other) } })
  const { onSubmit, error } = useSave(send, { key: 'incidents', close })
  return (
    <form onSubmit={onSubmit} className="flex flex-col gap-3">
      <Choice label="Incident" value={other} set={pick} choices={choices} />
      <p className="text-soft">
        Its alerts, suspects and impact become a part of incident {id}, and it is closed. This
        cannot be undone.
      </p>
      <ProblemLine error={error} />
      <FormButtons verb="Merge" close={close} />
    </form>
  )
}
