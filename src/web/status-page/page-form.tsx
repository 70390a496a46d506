import { useState } from 'react'
import { FairleadError } from '#contract/errors.ts'
import { defaultPage, type StatusPageSettings } from '#contract/status-page/pages.ts'
import { useClient } from '../live/dependencies.tsx'
import { Button, FormButtons } from '../ui/button.tsx'
import { Command } from '../ui/copy.tsx'
import { Check, Choice, Field, FileField } from '../ui/field.tsx'
import { ProblemLine } from '../ui/problem.tsx'
import { useSave } from '../ui/save.ts'
import { changeOf, type PageDraft, draftOf } from './page-draft.ts'

interface PageFormProps {
  page: StatusPageSettings | null
  /** the names of all pages */
  names: string[]
  close: () => void
}

/** Adds a status page, or changes one; a new password is shown once. */
export function PageForm(props: PageFormProps) {
  const [password, setPassword] = useState<string | null>(null)
  if (password === null) return <PageFields {...props} show={setPassword} />
  return (
    <>
      <p>Give this password to the readers of the page. It is not shown again.</p>
      <Command text={password} />
      <Button kind="primary" onClick={props.close}>
        Done
      </Button>
    </>
  )
}

function PageFields({
  page,
  names,
  close,
  show,
}: PageFormProps & { show: (password: string) => void }) {
  const client = useClient()
  const [draft, setDraft] = useState(() => draftOf(page))
  const field = (key: Exclude<keyof PageDraft, 'logo' | 'isPrivate' | 'renew' | 'noLogo'>) => ({
    value: draft[key],
    set: (value: string) => setDraft((before) => ({ ...before, [key]: value })),
  })
  const send = async () => {
    const name = draft.name.trim()
    if (page === null && names.includes(name)) throw existsAlready(name)
    return client.putStatusPage({ params: { page: name }, body: await changeOf(draft, page) })
  }
  const { onSubmit, error } = useSave(send, {
    key: 'status-page',
    close: ({ password }) => (password === null ? close() : show(password)),
  })
  const isDefault = page?.name === defaultPage
  return (
    <form onSubmit={onSubmit} className="flex flex-col gap-3">
      {page === null ? <Field label="Name" {...field('name')} required maxLength={40} /> : null}
      <Field label="Title for readers" {...field('title')} maxLength={80} />
      {isDefault ? null : (
        <Field
          label="Address"
          hint="Such as https://status.example.com; empty: for this machine only"
          type="url"
          {...field('url')}
          maxLength={300}
        />
      )}
      <Field label="Apps" hint="With commas between them" {...field('apps')} />
      <Field label="Groups" hint="With commas between them" {...field('groups')} />
      <Field
        label="Components"
        hint="APP/KEY, with commas between them; all three empty: everything"
        {...field('components')}
      />
      {isDefault ? null : <Readers page={page} draft={draft} setDraft={setDraft} />}
      <Look page={page} draft={draft} setDraft={setDraft} />
      <ProblemLine error={error} />
      <FormButtons verb="Save" disabled={draft.name.trim() === ''} close={close} />
    </form>
  )
}

const existsAlready = (name: string): FairleadError =>
  new FairleadError('invalid_input', {
    ...{ field: 'name', problem: `must be a new one: the status page ${name} exists already` },
  })

interface PartProps {
  page: StatusPageSettings | null
  draft: PageDraft
  setDraft: (change: (before: PageDraft) => PageDraft) => void
}

const readers = { public: 'Everybody', private: 'Readers with its password' }

function Readers({ page, draft, setDraft }: PartProps) {
  return (
    <>
      <Choice
        label="Who may read it"
        value={draft.isPrivate ? 'private' : 'public'}
        set={(who) => setDraft((before) => ({ ...before, isPrivate: who === 'private' }))}
        choices={readers}
      />
      {page?.private === true && draft.isPrivate ? (
        <Check
          label="Make another password, which signs all readers out"
          value={draft.renew}
          set={(renew) => setDraft((before) => ({ ...before, renew }))}
        />
      ) : null}
    </>
  )
}

/** The logo and the colours of a page. */
function Look({ page, draft, setDraft }: PartProps) {
  const color = (key: 'light' | 'dark') => ({
    value: draft[key],
    set: (value: string) => setDraft((before) => ({ ...before, [key]: value })),
    maxLength: 7,
  })
  return (
    <>
      {draft.noLogo ? null : (
        <FileField
          label={page?.hasLogo ? 'Another logo' : 'Logo'}
          hint="A PNG with at most 20 KB; without one, the logo of the installation"
          accept="image/png"
          set={(logo) => setDraft((before) => ({ ...before, logo }))}
        />
      )}
      {page?.hasLogo ? (
        <Check
          label="Use the logo of the installation"
          value={draft.noLogo}
          set={(noLogo) => setDraft((before) => ({ ...before, noLogo }))}
        />
      ) : null}
      <div className="grid gap-3 sm:grid-cols-2">
        <Field
          label="Colour of the light page"
          hint="Such as #0b57d0; both or none"
          {...color('light')}
        />
        <Field label="Colour of the dark page" hint="Such as #8ab4f8" {...color('dark')} />
      </div>
    </>
  )
}
