import { useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { Link } from 'react-router'
import type { User } from '#contract/access/access.ts'
import { type Role, roles } from '#contract/endpoint.ts'
import { describeGrants } from '#contract/access/grants.ts'
import { useAppNames } from '../live/queries.ts'
import { useUsers } from '../live/access-queries.ts'
import { useClient } from '../live/dependencies.tsx'
import { Button, FormButtons } from '../ui/button.tsx'
import { Confirm, Modal, type Question } from '../ui/dialog.tsx'
import { Nothing, PageHead, RowsShape, useTitle } from '../ui/page.tsx'
import { Loaded, ProblemLine } from '../ui/problem.tsx'
import { Ago } from '../ui/time.tsx'
import { roleWords } from './tokens-page.tsx'

/** Lists the users with their roles; an admin adds, changes and disables them. */
export function UsersPage() {
  useTitle('Users')
  const query = useUsers()
  const client = useClient()
  const queries = useQueryClient()
  const [question, ask] = useState<Question | null>(null)
  const [isAdding, setAdding] = useState(false)
  const [edited, edit] = useState<string | null>(null)
  const refresh = () => queries.invalidateQueries({ queryKey: ['users'] })
  const askDisable = ({ name }: User): void =>
    ask({
      title: `Disable ${name}?`,
      text: 'Their sessions end and their tokens stop working. You can enable the user again.',
      verb: 'Disable',
      danger: true,
      act: async () => {
        await client.changeUser({ params: { user: name }, body: { disabled: true } })
        await refresh()
      },
    })
  const enable = async ({ name }: User): Promise<void> => {
    await client.changeUser({ params: { user: name }, body: { disabled: false } })
    await refresh()
  }
  const user = query.data?.find(({ name }) => name === edited)
  return (
    <>
      <PageHead
        title="Users"
        actions={
          <Button kind="primary" onClick={() => setAdding(true)}>
            Add user
          </Button>
        }
      >
        <p className="mt-1 text-soft">
          The users of this installation, with their roles for all apps and for single apps.
        </p>
      </PageHead>
      <Loaded query={query} shape={<RowsShape rows={4} />}>
        {(users) =>
          users.length === 0 ? (
            <Nothing>There is no user yet.</Nothing>
          ) : (
            <ul className="panel divide-y divide-edge">
              {users.map((user) => (
                <UserRow
                  key={user.name}
                  user={user}
                  edit={() => edit(user.name)}
                  disable={() => askDisable(user)}
                  enable={() => void enable(user)}
                />
              ))}
            </ul>
          )
        }
      </Loaded>
      <Confirm question={question} close={() => ask(null)} />
      <Modal open={isAdding} close={() => setAdding(false)} title="Add user">
        <AddUser close={() => setAdding(false)} added={() => void refresh()} />
      </Modal>
      <Modal
        open={user !== undefined}
        close={() => edit(null)}
        title={`Roles of ${user?.name ?? 'the user'}`}
      >
        {user ? <EditRoles user={user} changed={refresh} close={() => edit(null)} /> : null}
      </Modal>
    </>
  )
}

interface RowProps {
  user: User
  edit: () => void
  disable: () => void
  enable: () => void
}

function UserRow({ user, edit, disable, enable }: RowProps) {
  const isDisabled = user.disabled !== null
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-3">
      <div className="grid min-w-0 flex-1 basis-64 gap-x-6 sm:grid-cols-[minmax(0,1fr)_minmax(0,1.4fr)_10rem]">
        <span className="min-w-0">
          <Link
            to={`/events?actor=${encodeURIComponent(user.name)}`}
            title={`Events of ${user.name}`}
            className="quiet-link font-medium"
          >
            {user.name}
          </Link>
          <span className="block truncate text-soft">
            {user.email ?? (user.issuer === null ? 'signs in by links' : '')}
          </span>
        </span>
        <span className="min-w-0">
          {describeGrants(user.grants)}
          {user.groups.length > 0 ? (
            <span className="block truncate text-soft">groups: {user.groups.join(', ')}</span>
          ) : null}
        </span>
        <span className="text-soft">
          {isDisabled ? (
            <span className="text-bad">disabled</span>
          ) : user.seen ? (
            <>
              last seen <Ago time={user.seen} />
            </>
          ) : (
            'never signed in'
          )}
        </span>
      </div>
      <div className="flex gap-2 sm:w-36 sm:justify-end">
        <Button onClick={edit} aria-label={`Change the roles of ${user.name}`}>
          Roles
        </Button>
        {isDisabled ? (
          <Button onClick={enable} aria-label={`Enable ${user.name}`}>
            Enable
          </Button>
        ) : (
          <Button onClick={disable} aria-label={`Disable ${user.name}`}>
            Disable
          </Button>
        )}
      </div>
    </li>
  )
}

function RoleField({
  label,
  value,
  set,
}: {
  label: string
  value: Role | null
  set: (role: Role | null) => void
}) {
  return (
    <label className="flex flex-col gap-1">
      <span className="label">{label}</span>
      <select
        className="field"
        value={value ?? ''}
        onChange={(event) => set((event.target.value || null) as Role | null)}
      >
        <option value="">No role</option>
        {roles.map((role) => (
          <option key={role} value={role}>
            {roleWords[role]}
          </option>
        ))}
      </select>
    </label>
  )
}

function AddUser({ close, added }: { close: () => void; added: () => void }) {
  const client = useClient()
  const [name, setName] = useState('')
  const [email, setEmail] = useState('')
  const [role, setRole] = useState<Role | null>('viewer')
  const [error, setError] = useState<unknown>(null)
  const add = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    setError(null)
    try {
      const address = email.trim()
      await client.createUser({
        body: { name: name.trim(), role, ...(address === '' ? {} : { email: address }) },
      })
      added()
      close()
    } catch (problem) {
      setError(problem)
    }
  }
  return (
    <form onSubmit={(event) => void add(event)} className="flex flex-col gap-3">
      <label className="flex flex-col gap-1">
        <span className="label">Name, as shown in events</span>
        <input
          className="field"
          required
          maxLength={80}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
      </label>
      <label className="flex flex-col gap-1">
        <span className="label">E-mail address at the OpenID provider (optional)</span>
        <input
          className="field"
          type="email"
          value={email}
          onChange={(event) => setEmail(event.target.value)}
        />
      </label>
      <RoleField label="Role for all apps" value={role} set={setRole} />
      <p className="text-soft">
        Without a provider, the user signs in with a link. Create it with `fairlead link --name
        NAME` on the server’s machine.
      </p>
      <ProblemLine error={error} />
      <FormButtons verb="Add" disabled={name.trim() === ''} close={close} />
    </form>
  )
}

/** Each choice takes effect immediately, also for open sessions. */
function EditRoles({
  user,
  changed,
  close,
}: {
  user: User
  changed: () => Promise<unknown>
  close: () => void
}) {
  const client = useClient()
  const names = useAppNames()
  const [error, setError] = useState<unknown>(null)
  const act = async (change: () => Promise<unknown>): Promise<void> => {
    setError(null)
    await change().catch(setError)
    await changed()
  }
  const apps = [...new Set([...names, ...Object.keys(user.apps)])].toSorted()
  return (
    <div className="flex flex-col gap-3">
      <RoleField
        label="All apps"
        value={user.role}
        set={(role) =>
          void act(() => client.changeUser({ params: { user: user.name }, body: { role } }))
        }
      />
      {apps.map((app) => (
        <RoleField
          key={app}
          label={`App ${app}`}
          value={Object.hasOwn(user.apps, app) ? (user.apps[app] ?? null) : null}
          set={(role) =>
            void act(() => client.putAppRole({ params: { app, user: user.name }, body: { role } }))
          }
        />
      ))}
      {user.groups.length > 0 ? (
        <p className="text-soft">
          With the provider’s groups ({user.groups.join(', ')}), the roles are:{' '}
          {describeGrants(user.grants)}.
        </p>
      ) : null}
      <ProblemLine error={error} />
      <div className="flex justify-end">
        <Button kind="primary" onClick={close}>
          Done
        </Button>
      </div>
    </div>
  )
}
