import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'react-router'
import { settingAfter } from '#contract/switch/change.ts'
import type { SwitchSetting, SwitchView } from '#contract/switch/switch.ts'
import { rolloutText } from '#contract/switch/text.ts'
import { useMay } from '../live/access-queries.ts'
import { useClient } from '../live/dependencies.tsx'
import { Button } from '../ui/button.tsx'
import { Confirm, Modal, type Question } from '../ui/dialog.tsx'
import { Section } from '../ui/page.tsx'
import { ProblemLine } from '../ui/problem.tsx'
import { asSentence } from '../ui/state.ts'
import { Status } from '../ui/status.tsx'
import { Ago, Lasting } from '../ui/time.tsx'
import { classes } from '../ui/classes.ts'
import { useSwitches } from './queries.ts'
import { RolloutForm } from './rollout-form.tsx'
import { SwitchForm } from './switch-form.tsx'
import { lastChange, servedText, switchBadge } from './words.ts'

/** The switches of an environment; nothing without switches. */
export function SwitchSection({ app, environment }: { app: string; environment: string }) {
  const { data = [], error } = useSwitches(app, environment)
  if (data.length === 0) return error === null ? null : <ProblemLine error={error} />
  return (
    <Section
      title="Switches"
      aside={
        <Link to="/docs/switches" className="quiet-link text-soft">
          About switches
        </Link>
      }
    >
      <ul className="panel divide-y divide-edge overflow-hidden">
        {data.map((one) => (
          <SwitchRow key={one.name} found={one} />
        ))}
      </ul>
    </Section>
  )
}

function SwitchRow({ found }: { found: SwitchView }) {
  const { name, definition, description, owner, changed, expires, isExpired } = found
  const last = lastChange(found)
  return (
    <li
      className="grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 gap-y-1 px-4 py-2.5
        md:grid-cols-[8rem_minmax(0,1fr)_auto]"
    >
      <Status badge={switchBadge(found)} />
      <div className="col-span-2 row-start-2 min-w-0 md:col-span-1 md:col-start-2 md:row-start-1">
        <p className="break-words">
          <span className="font-medium">{name}</span>{' '}
          <span className="text-soft">
            serves {servedText(found)}
            {owner === null ? '' : ` · owned by ${owner}`}
            {definition === null ? ' · not in the live release' : ''}
          </span>
        </p>
        {description === '' ? null : <p className="text-soft">{description}</p>}
        {last === null ? null : (
          <p className="break-words text-soft">
            {asSentence(last)} {changed === null ? null : <Ago time={changed} />}
          </p>
        )}
        {found.rollout ? <RolloutLine rollout={found.rollout} /> : null}
        {isExpired ? <p className="text-warn">It expired on {expires}: remove it.</p> : null}
      </div>
      <Actions found={found} />
    </li>
  )
}

/** How a gradual change goes on or ended, and by what it is judged. */
function RolloutLine({ rollout }: { rollout: NonNullable<SwitchView['rollout']> }) {
  const { state, stepBegan, steps } = rollout
  const isGoingOn = state === 'running' || state === 'waiting'
  return (
    <p className={classes('break-words', state === 'harmful' ? 'text-bad' : 'text-soft')}>
      {asSentence(rolloutText(rollout))}{' '}
      {isGoingOn ? (
        <>
          Its shares: {steps.join(', ')} %. This one <Lasting since={stepBegan} />.
        </>
      ) : null}
    </p>
  )
}

/** Turns a switch off with one press; everything else asks first. */
function Actions({ found }: { found: SwitchView }) {
  const { app, environment, name, definition, setting, variant, pulledBy, version } = found
  const client = useClient()
  const queries = useQueryClient()
  const mayAct = useMay('operator', app)
  const [problem, setProblem] = useState<unknown>(null)
  const [question, ask] = useState<Question | null>(null)
  const [isOpen, setOpen] = useState(false)
  const [isRollout, setRollout] = useState(false)
  if (!mayAct || (definition === null && setting === null)) return null
  const send = async (next: SwitchSetting | null, reason: string): Promise<void> => {
    await client.setSwitch({
      params: { app, environment, switch: name },
      body: { setting: next, reason, version },
    })
    await queries.invalidateQueries({ queryKey: ['switches', app, environment] })
  }
  const serve = (to: 'on' | 'off') =>
    definition && settingAfter(definition, setting, { variant: to })
  const turnOff = async (): Promise<void> => {
    setProblem(null)
    try {
      await send(serve('off'), '')
    } catch (error) {
      setProblem(error)
      await queries.invalidateQueries({ queryKey: ['switches', app, environment] })
    }
  }
  const turnOn: Question = {
    title: `Turn ${name} on in ${environment}?`,
    text:
      pulledBy === null
        ? 'It is on for everybody.'
        : `The monitor ${pulledBy} turned it off. It stays on, also if that harm goes on; the ` +
          'next harm turns it off again.',
    verb: 'Turn on',
    act: () => send(serve('on'), ''),
  }
  const isBoolean = definition?.type === 'boolean'
  const isOff = isBoolean && variant === 'off' && setting?.split.length !== 1
  return (
    <div className="flex flex-wrap justify-end gap-2">
      {isBoolean ? (
        isOff ? (
          <Button aria-label={`Turn on ${name}`} onClick={() => ask(turnOn)}>
            Turn on …
          </Button>
        ) : (
          <Button aria-label={`Turn off ${name}`} kind="danger" onClick={() => void turnOff()}>
            Turn off
          </Button>
        )
      ) : null}
      <Button aria-label={`Set ${name}`} onClick={() => setOpen(true)}>
        Set …
      </Button>
      {found.steps ? (
        <Button aria-label={`Roll out ${name}`} onClick={() => setRollout(true)}>
          Roll out …
        </Button>
      ) : null}
      {problem === null ? null : <ProblemLine error={problem} />}
      <Confirm question={question} close={() => ask(null)} />
      <Modal open={isOpen} close={() => setOpen(false)} title={`Set ${name} in ${environment}`}>
        <SwitchForm found={found} send={send} close={() => setOpen(false)} />
      </Modal>
      <Modal
        open={isRollout}
        close={() => setRollout(false)}
        title={`Roll out ${name} in ${environment}`}
      >
        <RolloutForm found={found} close={() => setRollout(false)} />
      </Modal>
    </div>
  )
}
