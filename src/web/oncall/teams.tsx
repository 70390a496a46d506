import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { hoursText, repeatWords, type Team } from '#contract/oncall/oncall.ts'
import { useClient } from '../live/dependencies.tsx'
import { useMay } from '../live/access-queries.ts'
import { Button } from '../ui/button.tsx'
import { Confirm, Modal, type Question } from '../ui/dialog.tsx'
import { Nothing, RowsShape, Section, Warning } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { useTeams } from './queries.ts'
import { TeamForm } from './team-form.tsx'

/** How alerts reach each team. */
export function Teams() {
  const query = useTeams()
  const mayChange = useMay('operator', null)
  const [isCreating, setCreating] = useState(false)
  const close = (): void => setCreating(false)
  return (
    <Section
      title="Teams"
      aside={mayChange ? <Button onClick={() => setCreating(true)}>Create team …</Button> : null}
    >
      <Loaded query={query} shape={<RowsShape rows={2} height="h-16" />}>
        {(teams) =>
          teams.length === 0 ? (
            <Nothing>
              There are no teams. The team <code>default</code> gets the alerts of apps that name
              none.
            </Nothing>
          ) : (
            <ul className="panel divide-y divide-edge overflow-hidden">
              {teams.map((team) => (
                <TeamRow key={team.name} team={team} />
              ))}
            </ul>
          )
        }
      </Loaded>
      <Modal open={isCreating} close={close} title="Create team">
        <TeamForm team={null} close={close} />
      </Modal>
    </Section>
  )
}

function TeamRow({ team }: { team: Team }) {
  const { name, suspects, steps, repeats, working, missing } = team
  return (
    <li className="flex flex-col gap-1 px-4 py-3">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <span className="font-medium">{name}</span>
        <TeamActions team={team} />
      </div>
      {missing.length === 0 ? null : (
        <Warning text={`It names what does not exist: ${missing.join(', ')}.`} />
      )}
      <ol className="text-soft">
        {suspects === 0 ? null : <li>Authors of the change, for {suspects} min</li>}
        {steps.map(({ notify, minutes }, at) => (
          <li key={at}>
            Step {at + 1}: {notify.join(', ')}, for {minutes} min
          </li>
        ))}
      </ol>
      <span className="text-soft">
        All steps are {repeatWords(repeats)}.
        {working === null
          ? ''
          : ` Low urgency waits for ${hoursText(working.hours)} (${working.zone}).`}
      </span>
    </li>
  )
}

function TeamActions({ team }: { team: Team }) {
  const client = useClient()
  const queries = useQueryClient()
  const mayChange = useMay('operator', null)
  const [isEditing, setEditing] = useState(false)
  const [question, ask] = useState<Question | null>(null)
  const close = (): void => setEditing(false)
  const askDelete: Question = {
    title: `Delete the team ${team.name}?`,
    text: 'Alerts of apps that name it go to the team default, or to nobody but their authors.',
    verb: 'Delete',
    danger: true,
    act: async () => {
      await client.deleteTeam({ params: { team: team.name } })
      await queries.invalidateQueries({ queryKey: ['teams'] })
    },
  }
  if (!mayChange) return null
  return (
    <div className="flex flex-wrap gap-2">
      <Button onClick={() => setEditing(true)}>Edit …</Button>
      <Button onClick={() => ask(askDelete)}>Delete …</Button>
      <Modal open={isEditing} close={close} title={`Edit ${team.name}`}>
        <TeamForm team={team} close={close} />
      </Modal>
      <Confirm question={question} close={() => ask(null)} />
    </div>
  )
}
