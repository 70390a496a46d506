import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { Waiver } from '#contract/gate/gate.ts'
import { useMay } from '../live/access-queries.ts'
import { useClient } from '../live/dependencies.tsx'
import { Button } from '../ui/button.tsx'
import { Confirm, type Question } from '../ui/dialog.tsx'
import { shortDayWords } from '#contract/time-words.ts'
import { Nothing, RowsShape, Section } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'

/** The gates and tests of an app that may fail for some time; each can be ended. */
export function WaiversSection({ app }: { app: string }) {
  const client = useClient()
  const queries = useQueryClient()
  const mayEnd = useMay('developer', app)
  const [question, ask] = useState<Question | null>(null)
  const query = useQuery({
    queryKey: ['waivers', app],
    queryFn: async ({ signal }) => (await client.listWaivers({ params: { app }, signal })).waivers,
  })
  const askEnd = ({ id, subject }: Waiver): void =>
    ask({
      title: `End the waiver for ${subject}?`,
      text: 'From the next run on, it counts again.',
      verb: 'End',
      act: async () => {
        await client.deleteWaiver({ params: { app, waiver: id } })
        await queries.invalidateQueries({ queryKey: ['waivers', app] })
      },
    })
  return (
    <Section title="Waivers">
      <Loaded query={query} shape={<RowsShape rows={2} />}>
        {(waivers) => {
          const active = waivers.filter(({ isActive }) => isActive)
          if (active.length === 0)
            return <Nothing>No gate is waived. Waive one on the change report of a run.</Nothing>
          return (
            <ul className="panel divide-y divide-edge overflow-hidden">
              {active.map((waiver) => (
                <li key={waiver.id} className="flex flex-wrap items-center gap-x-4 px-4 py-2.5">
                  <div className="min-w-0 flex-1 basis-64">
                    <p className="font-medium">
                      {waiver.kind} {waiver.subject}
                    </p>
                    <p className="text-soft">
                      {waiver.reason} · {waiver.author} · until {shortDayWords(waiver.until)}
                    </p>
                  </div>
                  {mayEnd ? (
                    <Button
                      onClick={() => askEnd(waiver)}
                      aria-label={`End … the waiver for ${waiver.subject}`}
                    >
                      End …
                    </Button>
                  ) : null}
                </li>
              ))}
            </ul>
          )
        }}
      </Loaded>
      <Confirm question={question} close={() => ask(null)} />
    </Section>
  )
}
