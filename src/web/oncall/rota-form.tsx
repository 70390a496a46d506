import { useState } from 'react'
import { hoursText, type Layer, readHours, type Rota } from '#contract/oncall/oncall.ts'
import { FairleadError } from '#contract/errors.ts'
import { useClient } from '../live/dependencies.tsx'
import { Button } from '../ui/button.tsx'
import { Choice, Field } from '../ui/field.tsx'
import { ProblemLine } from '../ui/problem.tsx'
import { useSave } from '../ui/save.ts'
import { fieldTime, mondayOf } from './calendar.ts'

/** A layer as its fields. */
interface Draft {
  people: string
  start: string
  every: string
  unit: Layer['unit']
  zone: string
  hours: string
}

const draftOf = ({ people, start, every, unit, zone, hours }: Layer): Draft => ({
  ...{ people: people.join(', '), start, every: String(every), unit, zone: zone ?? '' },
  hours: hoursText(hours),
})

const newDraft = (): Draft => ({
  ...{ people: '', start: fieldTime(mondayOf(Date.now()) + 9 * 3_600_000), every: '1' },
  ...{ unit: 'weeks', zone: '', hours: '' },
})

function layerOf({ people, start, every, unit, zone, hours }: Draft): Layer {
  const read = hours.trim() === '' ? [] : readHours(hours)
  if (read === null)
    throw new FairleadError('invalid_input', {
      field: 'Hours',
      problem: 'must be hours such as mon-fri 09:00-17:00',
    })
  return {
    people: people.split(',').flatMap((one) => (one.trim() === '' ? [] : [one.trim()])),
    ...{ start, every: Number(every), unit, hours: read },
    ...(zone.trim() === '' ? {} : { zone: zone.trim() }),
  }
}

/** Creates a rota, or changes its layers. */
export function RotaForm({ rota, close }: { rota: Rota | null; close: () => void }) {
  const client = useClient()
  const [name, setName] = useState(rota?.name ?? '')
  const [zone, setZone] = useState(rota?.zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone)
  const [layers, setLayers] = useState<Draft[]>(rota?.layers.map(draftOf) ?? [newDraft()])
  const change = (at: number, more: Partial<Draft>): void =>
    setLayers(layers.map((one, index) => (index === at ? { ...one, ...more } : one)))
  const send = async (): Promise<void> => {
    const body = { zone, layers: layers.map(layerOf) }
    await client.putRota({ params: { rota: name.trim() }, body })
  }
  const { onSubmit, error } = useSave(send, { key: 'rotas', close })
  return (
    <form onSubmit={onSubmit} className="flex flex-col gap-3">
      <Field label="Name" value={name} set={setName} required disabled={rota !== null} />
      <Field label="Time zone" value={zone} set={setZone} required />
      {layers.map((layer, at) => (
        <LayerFields
          key={at}
          layer={layer}
          title={layers.length === 1 ? 'Turns' : `Layer ${at + 1}`}
          change={(more) => change(at, more)}
          {...(layers.length > 1
            ? { remove: () => setLayers(layers.filter((_, index) => index !== at)) }
            : {})}
        />
      ))}
      <ProblemLine error={error} />
      <div className="flex flex-wrap justify-end gap-2">
        <Button className="mr-auto" onClick={() => setLayers([...layers, newDraft()])}>
          Add layer
        </Button>
        <Button onClick={close}>Cancel</Button>
        <Button kind="primary" type="submit">
          Save
        </Button>
      </div>
    </form>
  )
}

function LayerFields({
  layer,
  title,
  change,
  remove,
}: {
  layer: Draft
  title: string
  change: (more: Partial<Draft>) => void
  remove?: () => void
}) {
  return (
    <fieldset className="flex flex-col gap-3 border-t border-edge pt-3">
      <legend className="sr-only">{title}</legend>
      <Field
        label={`${title}: people, in order`}
        hint="Names of users, separated by commas"
        required
        value={layer.people}
        set={(people) => change({ people })}
      />
      <div className="grid gap-3 sm:grid-cols-3">
        <Field
          label="First handover"
          type="datetime-local"
          required
          value={layer.start}
          set={(start) => change({ start: start.slice(0, 16) })}
        />
        <Field
          label="A turn lasts"
          type="number"
          min={1}
          required
          value={layer.every}
          set={(every) => change({ every })}
        />
        <Choice
          label="Unit"
          value={layer.unit}
          set={(unit) => change({ unit })}
          choices={{ hours: 'hours', days: 'days', weeks: 'weeks' }}
        />
      </div>
      <div className="grid gap-3 sm:grid-cols-2">
        <Field
          label="Hours (empty: always)"
          placeholder="mon-fri 09:00-17:00"
          value={layer.hours}
          set={(hours) => change({ hours })}
        />
        <Field
          label="Zone (empty: that of the rota)"
          value={layer.zone}
          set={(zone) => change({ zone })}
        />
      </div>
      {remove ? (
        <Button className="self-start" onClick={remove}>
          Remove {title.toLowerCase()}
        </Button>
      ) : null}
    </fieldset>
  )
}
