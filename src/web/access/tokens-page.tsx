import { useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import type { Token } from '#contract/access/access.ts'
import { type Role, roles } from '#contract/endpoint.ts'
import { shortDayWords } from '#contract/time-words.ts'
import { useMe, useTokens } from '../live/access-queries.ts'
import { useClient } from '../live/dependencies.tsx'
import { Button, FormButtons } from '../ui/button.tsx'
import { Command } from '../ui/copy.tsx'
import { Confirm, Modal, type Question } from '../ui/dialog.tsx'
import { Nothing, PageHead, RowsShape, useTitle } from '../ui/page.tsx'
import { Loaded, ProblemLine } from '../ui/problem.tsx'
import { Ago } from '../ui/time.tsx'

export const roleWords: Record<Role, string> = {
  viewer: 'Viewer: read',
  developer: 'Developer: also push, cancel, retry',
  operator: 'Operator: also roll back and configure',
  admin: 'Admin: also manage users and remove apps',
}

export function TokensPage() {
  useTitle('Tokens')
  const query = useTokens()
  const client = useClient()
  const queries = useQueryClient()
  const [question, ask] = useState<Question | null>(null)
  const [isCreating, setCreating] = useState(false)
  const refresh = () => queries.invalidateQueries({ queryKey: ['tokens'] })
  const askRevoke = (token: Token): void =>
    ask({
      title: `Revoke “${token.name}”?`,
      text: 'Everything that uses the token loses access immediately.',
      verb: 'Revoke',
      danger: true,
      act: async () => {
        await client.deleteToken({ params: { id: token.id } })
        await refresh()
      },
    })
  return (
    <>
      <PageHead
        title="Tokens"
        actions={
          <Button kind="primary" onClick={() => setCreating(true)}>
            Create token
          </Button>
        }
      >
        <p className="mt-1 text-soft">
          Credentials for the API, the command line and git. A token acts for the user who created
          it and is limited to the roles of that user.
        </p>
      </PageHead>
      <Loaded query={query} shape={<RowsShape rows={3} />}>
        {(tokens) =>
          tokens.length === 0 ? (
            <Nothing>There are no tokens.</Nothing>
          ) : (
            <ul className="panel divide-y divide-edge">
              {tokens.map((token) => (
                <TokenRow key={token.id} token={token} revoke={() => askRevoke(token)} />
              ))}
            </ul>
          )
        }
      </Loaded>
      <Confirm question={question} close={() => ask(null)} />
      <Modal open={isCreating} close={() => setCreating(false)} title="Create token">
        <CreateToken close={() => setCreating(false)} created={() => void refresh()} />
      </Modal>
    </>
  )
}

function TokenRow({ token, revoke }: { token: Token; revoke: () => void }) {
  const { data: me } = useMe()
  const expires = token.expires ? `until ${shortDayWords(token.expires)}` : 'does not expire'
  return (
    <li className="flex items-center gap-4 px-4 py-3">
      <div className="grid min-w-0 flex-1 gap-x-6 sm:grid-cols-[minmax(0,1fr)_minmax(6rem,1fr)_10rem_11rem]">
        <span className="font-medium">{token.name}</span>
        <span className="truncate">
          {token.role}
          {token.apps === null ? '' : ` for ${token.apps.join(', ')}`}
          {token.user === me?.name ? '' : `, acts for ${token.user ?? 'this machine'}`}
        </span>
        <span className="text-soft">
          {token.used ? (
            <>
              last used <Ago time={token.used} />
            </>
          ) : (
            'never used'
          )}
        </span>
        <span className="text-soft">{expires}</span>
      </div>
      <Button onClick={revoke} aria-label={`Revoke ${token.name}`}>
        Revoke
      </Button>
    </li>
  )
}

function CreateToken({ close, created }: { close: () => void; created: () => void }) {
  const client = useClient()
  const [name, setName] = useState('')
  const [role, setRole] = useState<Role>('developer')
  const [days, setDays] = useState('90')
  const [apps, setApps] = useState('')
  const [secret, setSecret] = useState<string | null>(null)
  const [error, setError] = useState<unknown>(null)
  const create = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    setError(null)
    try {
      const token = await client.createToken({
        body: {
          name: name.trim(),
          role,
          ...(days === '' ? {} : { days: Number(days) }),
          ...(apps.trim() === '' ? {} : { apps: apps.split(/[\s,]+/).filter(Boolean) }),
        },
      })
      setSecret(token.secret)
      created()
    } catch (problem) {
      setError(problem)
    }
  }
  if (secret !== null)
    return (
      <>
        <p>Copy the token now. It is not shown again.</p>
        <Command text={secret} />
        <Button kind="primary" onClick={close}>
          Done
        </Button>
      </>
    )
  return (
    <form onSubmit={(event) => void create(event)} className="flex flex-col gap-3">
      <label className="flex flex-col gap-1">
        <span className="label">Name</span>
        <input
          className="field"
          required
          maxLength={80}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
      </label>
      <label className="flex flex-col gap-1">
        <span className="label">Role</span>
        <select
          className="field"
          value={role}
          onChange={(event) => setRole(event.target.value as Role)}
        >
          {roles.map((role) => (
            <option key={role} value={role}>
              {roleWords[role]}
            </option>
          ))}
        </select>
      </label>
      <label className="flex flex-col gap-1">
        <span className="label">Apps (empty: all apps)</span>
        <input className="field" value={apps} onChange={(event) => setApps(event.target.value)} />
      </label>
      <label className="flex flex-col gap-1">
        <span className="label">Expires after</span>
        <select className="field" value={days} onChange={(event) => setDays(event.target.value)}>
          <option value="30">30 days</option>
          <option value="90">90 days</option>
          <option value="365">1 year</option>
          <option value="">never</option>
        </select>
      </label>
      <ProblemLine error={error} />
      <FormButtons verb="Create" disabled={name.trim() === ''} close={close} />
    </form>
  )
}
