import { lazy, Suspense, useState } from 'react'
import { Link } from 'react-router'
import type { IncidentUpdates } from '#contract/status-page/endpoints.ts'
import { statusPhaseWords } from '#contract/status-page/status-page.ts'
import { momentWords } from '#contract/time-words.ts'
import { useMay } from '../live/access-queries.ts'
import { useClient } from '../live/dependencies.tsx'
import { Button } from '../ui/button.tsx'
import { Confirm, Modal, type Question } from '../ui/dialog.tsx'
import { Nothing, PageHead, RowsShape, Section, useTitle } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { Status } from '../ui/status.tsx'
import { Ago, Lasting } from '../ui/time.tsx'
import { componentBadge } from './badges.ts'
import { PagesSection } from './pages-section.tsx'
import { useStatusComponents, useStatusUpdates } from './queries.ts'

const UpdateForm = lazy(async () => ({
  default: (await import('./update-form.tsx')).UpdateForm,
}))

/** What customers read: the components, and the updates about incidents. */
export function StatusPagePage() {
  useTitle('Status page')
  const components = useStatusComponents()
  const incidents = useStatusUpdates()
  const address = components.data?.address ?? null
  return (
    <>
      <PageHead
        title="Status page"
        actions={
          address === null ? null : (
            <a href={address} target="_blank" rel="noreferrer" className="quiet-link wrap-anywhere">
              {address}
            </a>
          )
        }
      />
      <Loaded query={incidents} shape={<RowsShape rows={2} height="h-24" />}>
        {(found) => <Incidents incidents={found} />}
      </Loaded>
      <Section title="Components">
        <Loaded query={components} shape={<RowsShape rows={3} height="h-12" />}>
          {({ components: list }) =>
            list.length === 0 ? (
              <Nothing>No component yet: deploy an app to its last environment.</Nothing>
            ) : (
              <ul className="panel divide-y divide-edge overflow-hidden">
                {list.map(({ app, environment, component, group, name, state, since, uptime }) => (
                  <li
                    key={`${app}/${environment}/${component}`}
                    className="flex flex-wrap items-center gap-x-4 gap-y-1 px-4 py-2.5"
                  >
                    <Status badge={componentBadge(state)} />
                    <span className="min-w-0 flex-1 basis-48 font-medium wrap-anywhere">
                      {group === '' ? '' : <span className="text-soft">{group}: </span>}
                      {name}
                    </span>
                    <span className="text-soft">
                      <Lasting since={since} />
                      {uptime === null ? '' : `, ${uptimeText(uptime)} in 90 days`}
                    </span>
                  </li>
                ))}
              </ul>
            )
          }
        </Loaded>
      </Section>
      <PagesSection />
    </>
  )
}

const uptimeText = (uptime: number): string => `${(Math.floor(uptime * 1e4) / 100).toFixed(2)} %`

function Incidents({ incidents }: { incidents: IncidentUpdates[] }) {
  const isCurrent = ({ draft, resolved }: IncidentUpdates): boolean =>
    draft !== null || resolved === null
  const ended = incidents.filter((one) => !isCurrent(one) && one.updates.length > 0)
  const current = incidents.filter(isCurrent)
  return (
    <>
      <Section title="Incidents">
        {current.length === 0 ? (
          <Nothing>No draft waits, and no open incident is published.</Nothing>
        ) : (
          <ul className="panel divide-y divide-edge overflow-hidden">
            {current.map((one) => (
              <IncidentItem key={one.id} incident={one} />
            ))}
          </ul>
        )}
      </Section>
      {ended.length === 0 ? null : (
        <Section title="Past incidents">
          <ul className="panel divide-y divide-edge overflow-hidden">
            {ended.slice(0, 20).map((one) => (
              <IncidentItem key={one.id} incident={one} />
            ))}
          </ul>
        </Section>
      )}
    </>
  )
}

function IncidentItem({ incident }: { incident: IncidentUpdates }) {
  const { id, title, name, updates, draft, pages } = incident
  return (
    <li className="flex flex-col gap-2 px-4 py-3">
      <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
        <div className="min-w-0 wrap-anywhere">
          <Link to={`/incidents/${id}`} className="quiet-link font-medium">
            {draft?.title ?? title}
          </Link>{' '}
          <span className="text-soft">
            {name}, incident {id}
            {pages.length === 1 ? '' : `, on the pages ${pages.join(', ')}`}
          </span>
        </div>
        <Actions incident={incident} />
      </div>
      {draft === null ? null : (
        <div className="rounded-md border border-dashed border-edge-strong px-3 py-2 wrap-anywhere">
          <p className="text-soft">
            Draft, {statusPhaseWords[draft.phase].toLowerCase()}:{' '}
            {draft.due === null
              ? 'waits for a person, because the component shows no harm'
              : `published by itself on ${momentWords(draft.due)}`}
          </p>
          <p className="whitespace-pre-wrap">{draft.text}</p>
        </div>
      )}
      {updates.length === 0 ? <p className="text-soft">Nothing is published.</p> : null}
      {updates.map((one, index) => (
        <div key={one.id} className="wrap-anywhere">
          <p>
            <span className="font-medium">{statusPhaseWords[one.phase]}</span>{' '}
            <span className="text-soft">
              <Ago time={one.published} />
              {index === 0 && one.promised !== null && incident.resolved === null
                ? `, next update promised by ${momentWords(one.promised)}`
                : ''}
            </span>
          </p>
          <p className="whitespace-pre-wrap">{one.text}</p>
        </div>
      ))}
    </li>
  )
}

/** Publishes, rewrites and discards; each button says beforehand what it does. */
function Actions({ incident }: { incident: IncidentUpdates }) {
  const { id, app, draft } = incident
  const client = useClient()
  const mayAct = useMay('developer', app)
  const [isOpen, setOpen] = useState(false)
  const [question, ask] = useState<Question | null>(null)
  if (!mayAct) return null
  const params = { incident: id }
  const discard: Question = {
    title: 'Discard the draft?',
    text: 'It is not published, and not written again until the facts change.',
    verb: 'Discard',
    act: async () => {
      await client.discardStatusDraft({ params })
    },
  }
  return (
    <div className="flex flex-wrap gap-2">
      {draft === null ? null : (
        <Button onClick={() => ask(discard)} aria-label={`Discard … the draft of incident ${id}`}>
          Discard …
        </Button>
      )}
      <Button
        kind="primary"
        onClick={() => setOpen(true)}
        aria-label={`Update … incident ${id} for customers`}
      >
        Update …
      </Button>
      <Confirm question={question} close={() => ask(null)} />
      <Modal open={isOpen} close={() => setOpen(false)} title="Tell customers">
        <Suspense fallback={null}>
          <UpdateForm incident={incident} close={() => setOpen(false)} />
        </Suspense>
      </Modal>
    </div>
  )
}
