import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { Silence } from '#contract/alert/alert.ts'
import { momentWords } from '#contract/time-words.ts'
import { useClient } from '../live/dependencies.tsx'
import { useAppNames } from '../live/queries.ts'
import { useMay } from '../live/access-queries.ts'
import { Button, FormButtons } from '../ui/button.tsx'
import { Confirm, Modal, type Question } from '../ui/dialog.tsx'
import { Choice, Field } from '../ui/field.tsx'
import { Nothing, RowsShape, Section } from '../ui/page.tsx'
import { Loaded, ProblemLine } from '../ui/problem.tsx'
import { asSentence } from '../ui/state.ts'
import { useSave } from '../ui/save.ts'
import { useSilences } from './queries.ts'

/** The silences that have not ended, of one app or of all. */
export function Silences({ app }: { app: string }) {
  const query = useSilences(app)
  const mayCreate = useMay('developer', app === '' ? null : app)
  const [isCreating, setCreating] = useState(false)
  const close = (): void => setCreating(false)
  return (
    <Section
      title="Silences"
      aside={mayCreate ? <Button onClick={() => setCreating(true)}>Create silence …</Button> : null}
    >
      <Loaded query={query} shape={<RowsShape rows={2} height="h-14" />}>
        {(silences) =>
          silences.length === 0 ? (
            <Nothing>No alerts are silenced.</Nothing>
          ) : (
            <ul className="panel divide-y divide-edge overflow-hidden">
              {silences.map((silence) => (
                <SilenceRow key={silence.id} silence={silence} />
              ))}
            </ul>
          )
        }
      </Loaded>
      <Modal open={isCreating} close={close} title="Create silence">
        <SilenceForm app={app} close={close} />
      </Modal>
    </Section>
  )
}

function SilenceRow({ silence }: { silence: Silence }) {
  const { id, app, from, until, matchers, reason, actor } = silence
  const client = useClient()
  const queries = useQueryClient()
  const mayEnd = useMay('developer', app)
  const [question, ask] = useState<Question | null>(null)
  const place = placeOf(silence)
  const end: Question = {
    title: `End the silence of ${place} now?`,
    text: 'Alerts that are still open are sent.',
    verb: 'End silence',
    act: async () => {
      await client.endSilence({ params: { silence: id } })
      await queries.invalidateQueries({ queryKey: ['alerts'] })
    },
  }
  return (
    <li className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2 px-4 py-2.5">
      <div className="min-w-0">
        <span className="font-medium">{place}</span>
        {matchers.map((matcher) => (
          <code key={matcher} className="ml-2 break-all">
            {matcher}
          </code>
        ))}
        <div className="text-soft">
          {momentWords(from)} to {momentWords(until)}, by {actor}. {asSentence(reason)}
        </div>
      </div>
      {mayEnd ? <Button onClick={() => ask(end)}>End …</Button> : null}
      <Confirm question={question} close={() => ask(null)} />
    </li>
  )
}

const placeOf = ({ app, environment, service }: Silence): string =>
  [service, environment, app].filter(Boolean).join(' · ') || 'all apps'

/** Creates a silence that begins now or later. */
function SilenceForm({ app: shown, close }: { app: string; close: () => void }) {
  const client = useClient()
  const apps = useAppNames()
  const [chosen, setApp] = useState(shown)
  const [environment, setEnvironment] = useState('')
  const [service, setService] = useState('')
  const [from, setFrom] = useState('')
  const [minutes, setMinutes] = useState('60')
  const [reason, setReason] = useState('')
  const app = chosen || (apps[0] ?? '')
  const send = async (): Promise<void> => {
    const body = {
      ...{ minutes: Number(minutes), reason },
      ...(environment.trim() === '' ? {} : { environment: environment.trim() }),
      ...(service.trim() === '' ? {} : { service: service.trim() }),
      ...(from === '' ? {} : { from: new Date(from).toISOString() }),
    }
    await client.createSilence({ params: { app }, body })
  }
  const { onSubmit, error } = useSave(send, { key: 'alerts', close })
  return (
    <form onSubmit={onSubmit} className="flex flex-col gap-3">
      <Choice
        label="App"
        value={app}
        set={setApp}
        choices={Object.fromEntries(apps.map((name) => [name, name]))}
      />
      <div className="grid gap-3 sm:grid-cols-2">
        <Field label="Environment (empty: all)" value={environment} set={setEnvironment} />
        <Field label="Service (empty: all)" value={service} set={setService} />
        <Field label="From (empty: now)" type="datetime-local" value={from} set={setFrom} />
        <Field
          label="Minutes"
          type="number"
          min={1}
          max={525_600}
          required
          value={minutes}
          set={setMinutes}
        />
      </div>
      <Field label="Reason" value={reason} set={setReason} maxLength={500} required />
      <ProblemLine error={error} />
      <FormButtons verb="Create" disabled={app === ''} close={close} />
    </form>
  )
}
