import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { RotaOverride } from '#contract/oncall/oncall.ts'
import { minuteWords } from '#contract/time-words.ts'
import { useClient } from '../live/dependencies.tsx'
import { useMay } from '../live/access-queries.ts'
import { Button } from '../ui/button.tsx'
import { Confirm, type Question } from '../ui/dialog.tsx'

/** The overrides of a rota that have not ended. */
export function Overrides({ rota, overrides }: { rota: string; overrides: RotaOverride[] }) {
  const client = useClient()
  const queries = useQueryClient()
  const mayDelete = useMay('developer', null)
  const [question, ask] = useState<Question | null>(null)
  const current = overrides.filter(({ until }) => Date.parse(until) > Date.now())
  if (current.length === 0) return null
  const askDelete = ({ id, person, from }: RotaOverride): void =>
    ask({
      title: `Delete the override of ${person} from ${minuteWords(from)}?`,
      text: 'The layers of the rota apply again in its time.',
      verb: 'Delete',
      danger: true,
      act: async () => {
        await client.deleteOverride({ params: { rota, override: id } })
        await queries.invalidateQueries({ queryKey: ['rotas'] })
      },
    })
  return (
    <ul
      className="panel mt-3 divide-y divide-edge overflow-hidden"
      aria-label={`Overrides of ${rota}`}
    >
      {current.map((one) => (
        <li
          key={one.id}
          className="flex flex-wrap items-center justify-between gap-x-4 gap-y-1 px-4 py-2"
        >
          <span className="min-w-0">
            <span className="font-medium">{one.person}</span>{' '}
            <span className="text-soft">
              {minuteWords(one.from)} to {minuteWords(one.until)}
              {one.reason === '' ? '' : `: ${one.reason}`}, by {one.actor}
            </span>
          </span>
          {mayDelete ? <Button onClick={() => askDelete(one)}>Delete …</Button> : null}
        </li>
      ))}
      <Confirm question={question} close={() => ask(null)} />
    </ul>
  )
}
