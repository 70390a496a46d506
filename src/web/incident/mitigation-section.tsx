import { useQueryClient } from '@tanstack/react-query'
import { lazy, Suspense, useState } from 'react'
import { FairleadError } from '#contract/errors.ts'
import type { IncidentDetail, Mitigation } from '#contract/incident/incident.ts'
import { RollbackButton } from '../home/rollback-button.tsx'
import { useMay } from '../live/access-queries.ts'
import { useClient } from '../live/dependencies.tsx'
import { Button } from '../ui/button.tsx'
import { ScaleButton } from '../scale/scale-section.tsx'
import { Confirm, Modal, type Question } from '../ui/dialog.tsx'
import { Section } from '../ui/page.tsx'
import { asSentence } from '../ui/state.ts'

const MaintenanceForm = lazy(async () => ({
  default: (await import('../maintenance/maintenance-form.tsx')).MaintenanceForm,
}))

/** What may stop the harm. Each button asks first; what was done is in the timeline. */
export function MitigationSection({ incident }: { incident: IncidentDetail }) {
  const { app, environment, mitigations, unautomatic } = incident
  if (app === null || environment === null || mitigations.length === 0) return null
  return (
    <Section title="What may stop it">
      <ul className="panel divide-y divide-edge overflow-hidden">
        {mitigations.map((one) => (
          <li
            key={`${one.kind} ${one.name}`}
            className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2 px-4 py-2.5"
          >
            <div className="min-w-0 flex-1 basis-64 wrap-anywhere">
              <span className={one.isProposed ? 'font-medium' : ''}>{asSentence(one.text)}</span>
              {one.isProposed ? (
                <div className="text-soft">Proposed: it undoes the first suspect.</div>
              ) : null}
            </div>
            {one.kind === 'rollback' ? (
              <RollbackButton app={app} environment={environment} />
            ) : one.kind === 'scale' && one.name !== null ? (
              <ScaleButton
                {...{ app, environment, service: one.name }}
                because={`incident ${incident.id}`}
              />
            ) : one.kind === 'drain' && one.name !== null ? (
              <DrainButton host={one.name} text={one.text} incident={incident.id} />
            ) : one.kind === 'maintenance' ? (
              <ClosingButton app={app} environment={environment} incident={incident.id} />
            ) : (
              <MitigationButton place={{ app, environment }} incident={incident} one={one} />
            )}
          </li>
        ))}
      </ul>
      {unautomatic === null ? null : (
        <p className="mt-2 text-soft">Fairlead does not act by itself: {unautomatic}.</p>
      )}
    </Section>
  )
}

/** Drains a host, for a reason that names the incident. */
function DrainButton({ host, text, incident }: { host: string; text: string; incident: number }) {
  const client = useClient()
  const queries = useQueryClient()
  const [question, ask] = useState<Question | null>(null)
  if (!useMay('admin', null)) return null
  const all: Question = {
    title: `Drain the host ${host}?`,
    text: asSentence(`it ${text}`),
    verb: 'Drain',
    danger: true,
    act: async () => {
      await client.drainHost({ params: { host }, body: { reason: `incident ${incident}` } })
      await queries.invalidateQueries({ queryKey: ['incidents'] })
    },
  }
  return (
    <>
      <Button onClick={() => ask(all)}>Drain {host} …</Button>
      <Confirm question={question} close={() => ask(null)} />
    </>
  )
}

/** Starts the maintenance page for a reason that names the incident. */
function ClosingButton({
  incident,
  ...place
}: {
  app: string
  environment: string
  incident: number
}) {
  const queries = useQueryClient()
  const mayAct = useMay('operator', place.app)
  const [isOpen, setOpen] = useState(false)
  if (!mayAct) return null
  const close = (): void => {
    setOpen(false)
    void queries.invalidateQueries({ queryKey: ['incidents'] })
  }
  const title = `Start the maintenance page of ${place.environment}?`
  return (
    <>
      <Button onClick={() => setOpen(true)}>Maintenance page …</Button>
      <Modal open={isOpen} close={close} title={title}>
        <Suspense>
          {isOpen ? (
            <MaintenanceForm {...place} suggested={`incident ${incident}: `} close={close} />
          ) : null}
        </Suspense>
      </Modal>
    </>
  )
}

function MitigationButton({
  place,
  incident,
  one: { kind, name, text },
}: {
  place: { app: string; environment: string }
  incident: IncidentDetail
  one: Mitigation
}) {
  const client = useClient()
  const queries = useQueryClient()
  const mayAct = useMay('operator', place.app)
  const [question, ask] = useState<Question | null>(null)
  if (!mayAct || name === null) return null
  const reason = `incident ${incident.id}`
  const turnOff = async (): Promise<void> => {
    const setting = { serve: { variant: 'off' }, split: [], keys: {} }
    await client.setSwitch({ params: { ...place, switch: name }, body: { setting, reason } })
  }
  const restart = async (): Promise<void> => {
    const { problem } = await client.restartService({
      params: place,
      body: { service: name, reason },
    })
    if (problem !== null) throw new FairleadError('not_now', { why: problem })
  }
  const isSwitch = kind === 'switch'
  const words = isSwitch ? `Turn off ${name}` : `Restart ${name}`
  const all: Question = {
    title: `${words} in ${place.environment}?`,
    text: asSentence(`it ${text}`),
    verb: isSwitch ? 'Turn off' : 'Rehearse and restart',
    danger: true,
    act: async () => {
      await (isSwitch ? turnOff() : restart())
      await queries.invalidateQueries({ queryKey: ['incidents'] })
    },
  }
  return (
    <>
      <Button onClick={() => ask(all)}>{words} …</Button>
      <Confirm question={question} close={() => ask(null)} />
    </>
  )
}
