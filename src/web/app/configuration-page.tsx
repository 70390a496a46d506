import { type FormEvent, useState } from 'react'
import { useParams } from 'react-router'
import { isPreviewName } from '#contract/pull-request/pull-request.ts'
import { ConfigurationSection } from '../environment/configuration-section.tsx'
import { useConfiguredEnvironments } from '../live/configuration-queries.ts'
import { useLine } from '../live/run-queries.ts'
import { Button, Toggle } from '../ui/button.tsx'
import { useFilter } from '../ui/filters.tsx'
import { RowsShape, useTitle } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { ConfigurationFiles } from './configuration-files.tsx'
import { Explanations } from './explanations.tsx'

/** The variables and secrets of one environment of an app. */
export function ConfigurationPage() {
  const { app = '' } = useParams()
  const query = useLine(app)
  const [wanted, choose] = useFilter('environment')
  useTitle(`${app}: configuration`)
  return (
    <Loaded query={query} shape={<RowsShape rows={3} height="h-10" />}>
      {({ environments }) => {
        const all = environments.filter(({ name }) => !isPreviewName(name))
        const shown = all.find(({ name }) => name === wanted) ?? all[0]
        if (!shown) return <BeforeDelivery app={app} wanted={wanted} choose={choose} />
        return (
          <>
            <Names names={all.map(({ name }) => name)} shown={shown.name} choose={choose} />
            <ConfigurationSection
              key={shown.name}
              app={app}
              environment={shown.name}
              change={shown.current === null ? null : shown.change}
            />
            <Explanations app={app} environment={shown.name} />
            <ConfigurationFiles app={app} environment={shown.name} />
          </>
        )
      }}
    </Loaded>
  )
}

interface NamesProps {
  names: string[]
  shown: string
  choose: (name: string) => void
}

function Names({ names, shown, choose }: NamesProps) {
  return (
    <div role="group" aria-label="Environment" className="flex flex-wrap gap-1">
      {names.map((name) => (
        <Toggle key={name} on={name === shown} onChange={() => choose(name)} label={name}>
          {name}
        </Toggle>
      ))}
    </div>
  )
}

interface BeforeDeliveryProps {
  app: string
  wanted: string
  choose: (name: string) => void
}

/** Before the first delivery, the names of the environments are not known. */
function BeforeDelivery({ app, wanted, choose }: BeforeDeliveryProps) {
  const configured = useConfiguredEnvironments(app).data ?? []
  const [text, setText] = useState('')
  const shown = wanted || configured[0] || 'production'
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    choose(text.trim())
    setText('')
  }
  return (
    <>
      <p className="mb-3 text-soft">
        Nothing was delivered yet. The first release of an environment gets the variables and
        secrets that you set for its name.
      </p>
      <div className="flex flex-wrap items-end gap-x-4 gap-y-2">
        <Names names={[...new Set([...configured, shown])]} shown={shown} choose={choose} />
        <form onSubmit={submit} className="flex items-end gap-1">
          <label className="flex flex-col gap-1">
            <span className="label">Another environment</span>
            <input
              className="field h-9 w-40"
              placeholder="staging"
              spellCheck={false}
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
          </label>
          <Button type="submit" disabled={text.trim() === ''}>
            Choose
          </Button>
        </form>
      </div>
      <ConfigurationSection key={shown} {...{ app, environment: shown, change: null }} />
    </>
  )
}
