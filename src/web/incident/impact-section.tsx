import { type HitPart, type Impact, impactCsv, impactWords } from '#contract/incident/impact.ts'
import type { IncidentDetail } from '#contract/incident/incident.ts'
import { Button } from '../ui/button.tsx'
import { RowsShape, Section } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { asSentence } from '../ui/state.ts'
import { Ago } from '../ui/time.tsx'
import { useImpact } from './queries.ts'

const shown = 10

/** Whom an incident hit, with the list for support and refunds. */
export function ImpactSection({ incident: { id } }: { incident: IncidentDetail }) {
  const query = useImpact(id)
  return (
    <Section title="Impact">
      <Loaded query={query} shape={<RowsShape rows={1} height="h-14" />}>
        {(impact) => <ImpactView id={id} impact={impact} />}
      </Loaded>
    </Section>
  )
}

function ImpactView({ id, impact }: { id: number; impact: Impact }) {
  const { routes, tenants, entities } = impact
  const isEmpty = routes.length + tenants.length + entities.length === 0
  return (
    <div className="panel divide-y divide-edge overflow-hidden">
      <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2 px-4 py-2.5">
        <p className="min-w-0 flex-1 basis-64 wrap-anywhere">{asSentence(impactWords(impact))}</p>
        {isEmpty ? null : (
          <Button onClick={() => download(`incident-${id}.csv`, impactCsv(impact))}>
            Download CSV
          </Button>
        )}
      </div>
      <Parts title="Routes" parts={routes} />
      <Parts title="Tenants" parts={tenants} />
      <Entities entities={entities} />
    </div>
  )
}

const Parts = ({ title, parts }: { title: string; parts: HitPart[] }) =>
  parts.length === 0 ? null : (
    <div className="px-4 py-2.5">
      <h3 className="font-medium">{title}</h3>
      <ul>
        {parts.slice(0, shown).map(({ name, failed, requests }) => (
          <li key={name} className="flex flex-wrap justify-between gap-x-4">
            <span className="min-w-0 wrap-anywhere">{name || 'others'}</span>
            <span className="text-soft">
              {failed.toLocaleString('en')} of {requests.toLocaleString('en')} failed
            </span>
          </li>
        ))}
      </ul>
      <More count={parts.length} />
    </div>
  )

const Entities = ({ entities }: Pick<Impact, 'entities'>) =>
  entities.length === 0 ? null : (
    <div className="px-4 py-2.5">
      <h3 className="font-medium">What broke a rule</h3>
      <ul>
        {entities.slice(0, shown).map(({ monitor, entity, since }) => (
          <li key={`${monitor} ${entity}`} className="flex flex-wrap justify-between gap-x-4">
            <span className="min-w-0 wrap-anywhere">{entity}</span>
            <span className="text-soft">
              {monitor}, <Ago time={since} />
            </span>
          </li>
        ))}
      </ul>
      <More count={entities.length} />
    </div>
  )

const More = ({ count }: { count: number }) =>
  count <= shown ? null : <p className="text-soft">And {count - shown} more, in the CSV.</p>

function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  URL.revokeObjectURL(url)
}
