import { useQuery, useQueryClient } from '@tanstack/react-query'
import { RotateCw } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { counted } from '#contract/text.ts'
import type { ExpectedPause } from '#contract/deployment/before.ts'
import { expectedWait } from '#contract/deployment/expected-wait.ts'
import type { Rehearsal, RehearsalState } from '#contract/rehearsal/rehearsal.ts'
import { useClient } from '../live/dependencies.tsx'
import { useMay } from '../live/access-queries.ts'
import { Check } from '../ui/field.tsx'
import { Button } from '../ui/button.tsx'
import { Modal } from '../ui/dialog.tsx'
import { RowsShape, Section } from '../ui/page.tsx'
import { Loaded, ProblemLine } from '../ui/problem.tsx'
import { asSentence, type Badge } from '../ui/state.ts'
import { Status } from '../ui/status.tsx'
import { Ago } from '../ui/time.tsx'
import { Scrollable } from '../ui/scrollable.tsx'

interface Place {
  app: string
  environment: string
}

const badges: Record<RehearsalState, Badge> = {
  returns: { tone: 'good', word: 'Would come back' },
  fails: { tone: 'bad', word: 'Would not come back' },
  unknown: { tone: 'unknown', word: 'Unknown' },
}

function useRehearsals({ app, environment }: Place) {
  const client = useClient()
  return useQuery({
    queryKey: ['rehearsals', app, environment],
    queryFn: async ({ signal }) =>
      (
        await client.listRehearsals({
          params: { app, environment },
          query: { limit: 1 },
          signal,
        })
      ).services,
    refetchInterval: 15_000,
  })
}

/** Whether each service would come back after a restart, and the button that restarts it. */
export function RehearsalSection({ app, environment }: Place) {
  const query = useRehearsals({ app, environment })
  if (query.data?.length === 0) return null
  return (
    <Section title="Restart">
      <Loaded query={query} shape={<RowsShape rows={2} height="h-14" />}>
        {(services) => (
          <ul className="panel divide-y divide-edge">
            {services.map((one) => (
              <ServiceRow key={one.service} place={{ app, environment }} {...one} />
            ))}
          </ul>
        )}
      </Loaded>
    </Section>
  )
}

interface Row {
  place: Place
  service: string
  rehearsal: Rehearsal | null
  outdated: string | null
  expectedPause: ExpectedPause | null
}

function ServiceRow({ place, service, rehearsal, outdated, expectedPause }: Row) {
  const client = useClient()
  const queries = useQueryClient()
  const mayAct = useMay('operator', place.app)
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)
  const [isAsking, ask] = useState(false)
  const refresh = (): Promise<void> =>
    queries.invalidateQueries({ queryKey: ['rehearsals', place.app, place.environment] })
  const rehearse = async (): Promise<void> => {
    setBusy(true)
    setProblem(null)
    try {
      await client.rehearse({ params: { ...place }, body: { service } })
    } catch (error) {
      setProblem(error)
    }
    setBusy(false)
    await refresh()
  }
  return (
    <li className="px-4 py-3">
      <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
        <div className="min-w-0">
          <p className="flex flex-wrap items-center gap-x-3">
            <span className="font-medium">{service}</span>
            {rehearsal ? (
              <>
                <Status badge={badges[rehearsal.state]} />
                <span className="text-soft">
                  rehearsed <Ago time={rehearsal.ended} />
                </span>
              </>
            ) : (
              <Status badge={badges.unknown} />
            )}
          </p>
          {outdated === null ? null : <p className="text-soft">{asSentence(outdated)}</p>}
          {rehearsal?.reason ? <p className="break-words">{asSentence(rehearsal.reason)}</p> : null}
          {rehearsal?.place ? <PlaceLine place={rehearsal.place} /> : null}
        </div>
        {mayAct ? (
          <div className="flex gap-2">
            <Button disabled={isBusy} onClick={() => void rehearse()}>
              {isBusy ? 'Rehearsing …' : 'Rehearse'}
            </Button>
            <Button onClick={() => ask(true)}>
              <RotateCw size={15} aria-hidden /> Restart …
            </Button>
          </div>
        ) : null}
      </div>
      {problem === null ? null : <ProblemLine error={problem} />}
      {rehearsal ? <Details rehearsal={rehearsal} /> : null}
      <Modal open={isAsking} close={() => ask(false)} title={`Restart ${service}?`}>
        {isAsking ? (
          <RestartForm
            {...{ place, service, rehearsal, expectedPause }}
            close={() => {
              ask(false)
              void refresh()
            }}
          />
        ) : null}
      </Modal>
    </li>
  )
}

function PlaceLine({ place: { file, line, text } }: { place: NonNullable<Rehearsal['place']> }) {
  return (
    <p className="mt-1 break-all">
      <code className="font-mono text-small">
        {file}:{line}: {text}
      </code>
    </p>
  )
}

/** What the second instance has shown, and where it differs from the running one. */
function Details({
  rehearsal: { checks, differences, ms, memory, disk },
}: {
  rehearsal: Rehearsal
}) {
  const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`
  return (
    <details className="mt-2">
      <summary className="cursor-pointer text-soft">
        {counted(checks.length, 'check')}, {counted(differences.length, 'difference')} from the
        running instance
      </summary>
      <ul className="mt-2">
        {checks.map(({ name, state, detail }) => (
          <li key={name + detail} className="flex flex-wrap gap-x-2">
            <span className="label">{name}</span>
            <span className={state === 'passed' ? '' : 'font-medium text-bad'}>{detail}</span>
          </li>
        ))}
      </ul>
      {differences.length === 0 ? null : (
        <Scrollable label="Differences" className="mt-2">
          <table className="w-full text-left">
            <thead>
              <tr className="text-soft">
                <th className="pr-4 font-normal">Difference</th>
                <th className="pr-4 font-normal">Now</th>
                <th className="pr-4 font-normal">After a restart</th>
              </tr>
            </thead>
            <tbody>
              {differences.map(({ kind, name, now, after, isSecret }) => (
                <tr key={kind + name}>
                  <td className="pr-4">
                    {kind} <code className="font-mono text-small">{name}</code>
                  </td>
                  <td className="pr-4 break-all">{isSecret ? 'secret' : (now ?? '–')}</td>
                  <td className="pr-4 break-all">{isSecret ? 'secret' : (after ?? '–')}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scrollable>
      )}
      <p className="mt-2 text-soft">
        The rehearsal took {(ms / 1000).toFixed(1)} s, {megabytes(memory)} of memory and{' '}
        {megabytes(disk)} of disk.
      </p>
    </details>
  )
}

/** Asks for a reason when the service would not come back. */
function RestartForm({
  place,
  service,
  rehearsal,
  expectedPause,
  close,
}: Omit<Row, 'outdated'> & { close: () => void }) {
  const client = useClient()
  const [reason, setReason] = useState('')
  const [force, setForce] = useState(rehearsal?.state === 'fails')
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)
  const [answer, setAnswer] = useState<string | null>(null)
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    setBusy(true)
    setProblem(null)
    try {
      const done = await client.restartService({
        params: { ...place },
        body: { service, force, reason },
      })
      if (done.problem === null) return close()
      setAnswer(done.problem)
    } catch (error) {
      setProblem(error)
    }
    setBusy(false)
  }
  return (
    <form onSubmit={(event) => void submit(event)}>
      <p>
        A second instance is started first, apart from the world. The instances are restarted only
        if it comes back.{' '}
        {expectedPause === null
          ? 'With one instance, requests fail while it restarts.'
          : `Clients wait ${expectedWait(expectedPause)}.`}
      </p>
      {rehearsal?.state === 'fails' ? (
        <p className="mt-2 font-medium text-bad">
          The last rehearsal failed: {asSentence(rehearsal.reason ?? '')}
        </p>
      ) : null}
      <div className="mt-3">
        <Check label="Restart without a rehearsal" value={force} set={setForce} />
      </div>
      <label className="mt-3 block">
        <span className="label">{force ? 'Reason' : 'Reason (optional)'}</span>
        <input
          className="field w-full"
          value={reason}
          required={force}
          maxLength={500}
          onChange={(event) => setReason(event.target.value)}
        />
      </label>
      {problem === null ? null : <ProblemLine error={problem} />}
      {answer === null ? null : <p className="mt-2 text-bad">{asSentence(answer)}</p>}
      <div className="mt-4 flex justify-end gap-2">
        <Button onClick={close}>Cancel</Button>
        <Button kind={force ? 'danger' : 'primary'} type="submit" disabled={isBusy}>
          {isBusy ? 'Restarting …' : 'Restart'}
        </Button>
      </div>
    </form>
  )
}
