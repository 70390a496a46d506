import { useQueryClient } from '@tanstack/react-query'
import { lazy, Suspense, useState } from 'react'
import type { Scale } from '#contract/scale/scale.ts'
import { counted } from '#contract/text.ts'
import { momentWords } from '#contract/time-words.ts'
import { useMay } from '../live/access-queries.ts'
import { useClient } from '../live/dependencies.tsx'
import { Button } from '../ui/button.tsx'
import { Confirm, Modal, type Question } from '../ui/dialog.tsx'
import { Warning } from '../ui/page.tsx'
import { asSentence } from '../ui/state.ts'
import { useScale } from './queries.ts'

const ScaleForm = lazy(async () => ({
  default: (await import('./scale-form.tsx')).ScaleForm,
}))

interface Place {
  app: string
  environment: string
}

/** Changes how many instances run, of one `service` or of those that can have several. */
export function ScaleButton({
  app,
  environment,
  service,
  because = '',
}: Place & { service?: string; because?: string }) {
  const { data = [] } = useScale(app, environment)
  const mayAct = useMay('operator', app)
  const [isOpen, setOpen] = useState(false)
  const scales = data.filter(
    (one) => one.refusal === null && (service === undefined || one.service === service),
  )
  if (!mayAct || scales.length === 0) return null
  const close = (): void => setOpen(false)
  const words = service === undefined ? 'Scale' : `Scale ${service}`
  return (
    <>
      <Button onClick={() => setOpen(true)}>{words} …</Button>
      <Modal open={isOpen} close={close} title={`Change the instances in ${environment}?`}>
        <Suspense>
          {isOpen ? <ScaleForm {...{ app, environment, scales, because, close }} /> : null}
        </Suspense>
      </Modal>
    </>
  )
}

/** Names each service that has another number of instances than fairlead.yaml says. */
export function ScaleNotice({ app, environment }: Place) {
  const { data = [] } = useScale(app, environment)
  const client = useClient()
  const queries = useQueryClient()
  const mayAct = useMay('operator', app)
  const [question, ask] = useState<Question | null>(null)
  const back = ({ service, declared }: Scale): Question => ({
    title: `Set ${service} back to ${counted(declared, 'instance')}?`,
    text: `${app} in ${environment} runs as many instances of ${service} as fairlead.yaml says.`,
    verb: 'Set back',
    act: async () => {
      await client.endScale({ params: { app, environment, service } })
      await queries.invalidateQueries({ queryKey: ['scale', app] })
    },
  })
  return (
    <>
      {data.flatMap((one) =>
        one.set === null ? (
          []
        ) : (
          <Warning key={one.service} text={noticeOf(one, one.set)}>
            {mayAct ? (
              <Button onClick={() => ask(back(one))}>Back to {one.declared} …</Button>
            ) : null}
          </Warning>
        ),
      )}
      <Confirm question={question} close={() => ask(null)} />
    </>
  )
}

const noticeOf = (
  { service, instances, declared }: Scale,
  { actor, since, reason }: NonNullable<Scale['set']>,
): string =>
  `${service} runs ${counted(instances, 'instance')}, not the ${declared} of fairlead.yaml, ` +
  `since ${momentWords(since)}, by ${actor}.${reason === '' ? '' : ` ${asSentence(reason)}`}`
