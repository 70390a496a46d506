import { useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useNavigate } from 'react-router'
import type { Repository } from '#contract/app/app.ts'
import { useClient } from '../live/dependencies.tsx'
import { FormButtons } from '../ui/button.tsx'
import { Choice, Field } from '../ui/field.tsx'
import { ProblemLine } from '../ui/problem.tsx'

type Kind = Repository['kind']

const kinds: Record<Kind, string> = {
  url: 'A remote repository, which is polled or announces commits by a webhook',
  path: 'A repository on the machine of the server',
  hosted: 'None yet: Fairlead hosts the repository, and you push to it',
}

/** Registers an app and opens its page. */
export function AddApp({ close }: { close: () => void }) {
  const client = useClient()
  const queries = useQueryClient()
  const navigate = useNavigate()
  const [name, setName] = useState('')
  const [kind, setKind] = useState<Kind>('url')
  const [place, setPlace] = useState('')
  const [branch, setBranch] = useState('main')
  const [folder, setFolder] = useState('.')
  const [error, setError] = useState<unknown>(null)
  const repository: Repository =
    kind === 'url'
      ? { kind, url: place.trim() }
      : kind === 'path'
        ? { kind, path: place.trim() }
        : { kind }
  const add = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    setError(null)
    try {
      await client.createApp({
        body: { name: name.trim(), repository, branch: branch.trim(), folder: folder.trim() },
      })
      await queries.invalidateQueries({ queryKey: ['home'] })
      await queries.invalidateQueries({ queryKey: ['apps'] })
      await navigate(`/apps/${name.trim()}`)
    } catch (problem) {
      setError(problem)
    }
  }
  return (
    <form onSubmit={(event) => void add(event)} className="flex flex-col gap-3">
      <Field
        label="Name"
        hint="Lower-case letters, digits and hyphens"
        value={name}
        set={setName}
        required
        maxLength={40}
      />
      <Choice label="Repository" value={kind} set={setKind} choices={kinds} />
      {kind === 'hosted' ? null : (
        <Field
          label={kind === 'url' ? 'URL' : 'Path on the server'}
          placeholder={kind === 'url' ? 'https://git.example.com/team/shop.git' : '/srv/git/shop'}
          value={place}
          set={setPlace}
          required
        />
      )}
      <div className="grid gap-3 sm:grid-cols-2">
        <Field label="Delivered branch" value={branch} set={setBranch} required maxLength={200} />
        <Field
          label="Folder"
          hint="Where its fairlead.yaml is"
          value={folder}
          set={setFolder}
          required
        />
      </div>
      <ProblemLine error={error} />
      <FormButtons verb="Add app" close={close} />
    </form>
  )
}
