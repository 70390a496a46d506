import { useQueryClient } from '@tanstack/react-query'
import { lazy, Suspense, useState } from 'react'
import type { Maintenance } from '#contract/maintenance/maintenance.ts'
import { momentWords } from '#contract/time-words.ts'
import { useMay } from '../live/access-queries.ts'
import { useClient } from '../live/dependencies.tsx'
import { Button } from '../ui/button.tsx'
import { Confirm, Modal, type Question } from '../ui/dialog.tsx'
import { Warning } from '../ui/page.tsx'
import { asSentence } from '../ui/state.ts'
import { useMaintenance } from './queries.ts'

const MaintenanceForm = lazy(async () => ({
  default: (await import('./maintenance-form.tsx')).MaintenanceForm,
}))

interface Place {
  app: string
  environment: string
}

/** Starts the maintenance page; nothing while it is shown. */
export function MaintenanceButton({ app, environment }: Place) {
  const { data } = useMaintenance(app, environment)
  const mayAct = useMay('operator', app)
  const [isOpen, setOpen] = useState(false)
  if (!mayAct || data !== null) return null
  const close = (): void => setOpen(false)
  return (
    <>
      <Button onClick={() => setOpen(true)}>Maintenance page …</Button>
      <Modal open={isOpen} close={close} title={`Start the maintenance page of ${environment}?`}>
        <Suspense>{isOpen ? <MaintenanceForm {...{ app, environment, close }} /> : null}</Suspense>
      </Modal>
    </>
  )
}

/** Says that the environment answers with the maintenance page. */
export function MaintenanceNotice({ app, environment }: Place) {
  const { data } = useMaintenance(app, environment)
  const client = useClient()
  const queries = useQueryClient()
  const mayAct = useMay('operator', app)
  const [question, ask] = useState<Question | null>(null)
  if (!data) return null
  const end: Question = {
    title: `End the maintenance page of ${environment}?`,
    text: `The services of ${app} in ${environment} answer requests again.`,
    verb: 'End it',
    act: async () => {
      await client.endMaintenance({ params: { app, environment } })
      await queries.invalidateQueries({ queryKey: ['maintenance', app] })
    },
  }
  return (
    <Warning text={noticeOf(data)}>
      {mayAct ? <Button onClick={() => ask(end)}>End it …</Button> : null}
      <Confirm question={question} close={() => ask(null)} />
    </Warning>
  )
}

const noticeOf = ({ actor, reason, since, until }: Maintenance): string =>
  `Every request gets the maintenance page, since ${momentWords(since)}` +
  `${until === null ? '' : ` and until ${momentWords(until)}`}, by ${actor}. ${asSentence(reason)}`
