import { useState } from 'react'
import { defaultPage, type StatusPageSettings } from '#contract/status-page/pages.ts'
import { useClient } from '../live/dependencies.tsx'
import { FormButtons } from '../ui/button.tsx'
import { Field } from '../ui/field.tsx'
import { ProblemLine } from '../ui/problem.tsx'
import { useSave } from '../ui/save.ts'

const listOf = (text: string): string[] =>
  text
    .split(',')
    .map((one) => one.trim())
    .filter(Boolean)

/** Adds a status page, or changes one. */
export function PageForm({ page, close }: { page: StatusPageSettings | null; close: () => void }) {
  const client = useClient()
  const [name, setName] = useState(page?.name ?? '')
  const [title, setTitle] = useState(page?.title ?? '')
  const [url, setUrl] = useState(page?.url ?? '')
  const [apps, setApps] = useState(page?.apps.join(', ') ?? '')
  const [groups, setGroups] = useState(page?.groups.join(', ') ?? '')
  const [components, setComponents] = useState(page?.components.join(', ') ?? '')
  const isDefault = page?.name === defaultPage
  const send = () =>
    client.putStatusPage({
      params: { page: name.trim() },
      body: {
        ...{ title, apps: listOf(apps), groups: listOf(groups), components: listOf(components) },
        ...(isDefault ? {} : { url: url.trim() === '' ? null : url.trim() }),
      },
    })
  const { onSubmit, error } = useSave(send, { key: 'status-page', close })
  return (
    <form onSubmit={onSubmit} className="flex flex-col gap-3">
      {page === null ? (
        <Field label="Name" value={name} set={setName} required maxLength={40} />
      ) : null}
      <Field label="Title for readers" value={title} set={setTitle} maxLength={80} />
      {isDefault ? null : (
        <Field
          label="Address"
          hint="Such as https://status.example.com; empty: for this machine only"
          type="url"
          value={url}
          set={setUrl}
          maxLength={300}
        />
      )}
      <Field label="Apps" hint="With commas between them" value={apps} set={setApps} />
      <Field label="Groups" hint="With commas between them" value={groups} set={setGroups} />
      <Field
        label="Components"
        hint="APP/KEY, with commas between them; all three empty: everything"
        value={components}
        set={setComponents}
      />
      <ProblemLine error={error} />
      <FormButtons verb="Save" disabled={name.trim() === ''} close={close} />
    </form>
  )
}
