import { useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { minuteWords } from '#contract/time-words.ts'
import { useClient } from '../live/dependencies.tsx'
import { FormButtons } from '../ui/button.tsx'
import { Choice, Field } from '../ui/field.tsx'
import { ProblemLine } from '../ui/problem.tsx'
import { mondayOf, periodDays, shiftChoices } from './calendar.ts'
import { useRota } from './queries.ts'

/** Lets two people take each other's shifts. */
export function SwapForm({ rota, close }: { rota: string; close: () => void }) {
  const client = useClient()
  const queries = useQueryClient()
  const [now] = useState(() => Date.now())
  const { data } = useRota(rota, new Date(mondayOf(now)).toISOString(), periodDays)
  const choices = shiftChoices(data?.shifts ?? [], now, minuteWords)
  const moments = Object.keys(choices)
  const [chosen, setOne] = useState('')
  const [chosenOther, setOther] = useState('')
  const [reason, setReason] = useState('')
  const [error, setError] = useState<unknown>(null)
  const one = chosen || (moments[0] ?? '')
  const other = chosenOther || (moments[1] ?? '')
  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    setError(null)
    try {
      await client.swapShifts({ params: { rota }, body: { one, other, reason } })
      await queries.invalidateQueries({ queryKey: ['rotas'] })
      close()
    } catch (problem) {
      setError(problem)
    }
  }
  return (
    <form onSubmit={(event) => void save(event)} className="flex flex-col gap-3">
      <Choice label="One shift" value={one} set={setOne} choices={choices} />
      <Choice label="The other shift" value={other} set={setOther} choices={choices} />
      <Field label="Reason" value={reason} set={setReason} maxLength={500} />
      <ProblemLine error={error} />
      <FormButtons verb="Swap" disabled={moments.length < 2} close={close} />
    </form>
  )
}
