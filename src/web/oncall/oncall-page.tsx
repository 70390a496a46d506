import { useState } from 'react'
import type { Rota, RotaProblem } from '#contract/oncall/oncall.ts'
import { minuteWords } from '#contract/time-words.ts'
import { useMay } from '../live/access-queries.ts'
import { Button } from '../ui/button.tsx'
import { Modal } from '../ui/dialog.tsx'
import { Nothing, PageHead, RowsShape, Section, useTitle, Warning } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { useRotas } from './queries.ts'
import { RotaCalendar } from './rota-calendar.tsx'
import { RotaActions } from './rota-actions.tsx'
import { RotaForm } from './rota-form.tsx'
import { Teams } from './teams.tsx'

/** Who is on call now and next, what is wrong in the next weeks, and how alerts reach teams. */
export function OncallPage() {
  useTitle('On-call')
  const query = useRotas()
  const mayChange = useMay('operator', null)
  const [isCreating, setCreating] = useState(false)
  return (
    <>
      <PageHead
        title="On-call"
        actions={
          mayChange ? (
            <Button kind="primary" onClick={() => setCreating(true)}>
              Create rota
            </Button>
          ) : null
        }
      >
        <p className="mt-1 text-soft">
          Alerts go to the authors of a change first, then to the person on call of the team.
        </p>
      </PageHead>
      <Loaded query={query} shape={<RowsShape rows={6} height="h-16" />}>
        {(rotas) =>
          rotas.length === 0 ? (
            <Nothing>There are no rotas. Alerts go to the authors of changes only.</Nothing>
          ) : (
            rotas.map((rota) => <RotaSection key={rota.name} rota={rota} />)
          )
        }
      </Loaded>
      <Teams />
      <Modal open={isCreating} close={() => setCreating(false)} title="Create rota">
        <RotaForm rota={null} close={() => setCreating(false)} />
      </Modal>
    </>
  )
}

function RotaSection({ rota }: { rota: Rota }) {
  return (
    <Section title={rota.name} aside={<RotaActions rota={rota} />}>
      <Problems rota={rota} />
      <p className="mb-3">
        <span className="font-medium">{rota.now?.person ?? 'Nobody'}</span> is on call
        {rota.now ? ` until ${minuteWords(rota.now.until)}` : ''}.{' '}
        {rota.next ? (
          <span className="text-soft">
            Next: {rota.next.person} from {minuteWords(rota.next.from)}.
          </span>
        ) : null}
      </p>
      <RotaCalendar rota={rota} />
    </Section>
  )
}

/** So many problems are shown before the others are asked for. */
const problemsShown = 5

function Problems({ rota: { problems } }: { rota: Rota }) {
  const [isAll, setAll] = useState(false)
  const shown = isAll ? problems : problems.slice(0, problemsShown)
  return (
    <>
      {shown.map((problem) => (
        <Warning key={`${problem.kind} ${problem.from}`} text={sentenceOf(problem)} />
      ))}
      {problems.length > problemsShown ? (
        <Button className="mb-3" aria-expanded={isAll} onClick={() => setAll(!isAll)}>
          {isAll ? 'Show fewer' : `Show all ${problems.length} problems`}
        </Button>
      ) : null}
    </>
  )
}

function sentenceOf({ kind, person, from, until }: RotaProblem): string {
  if (kind === 'hole')
    return `Nobody is on call from ${minuteWords(from)} until ${minuteWords(until)}.`
  const when = `and is on call from ${minuteWords(from)}.`
  return kind === 'unproven'
    ? `${person ?? ''} has no channel that has worked, ${when}`
    : `${person ?? ''} is not an enabled user, ${when}`
}
