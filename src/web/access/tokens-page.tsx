import { useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import type { Token } from '#contract/access/access.ts'
import { type Role, roles } from '#contract/endpoint.ts'
import { useMe, useTokens } from '../live/queries.ts'
import { useClient } from '../live/dependencies.tsx'
import { Button } from '../ui/button.tsx'
import { Command } from '../ui/copy.tsx'
import { Confirm, Modal, type Question } from '../ui/dialog.tsx'
import { Nothing, PageHead, RowsShape, useTitle } from '../ui/page.tsx'
import { Loaded, ProblemLine } from '../ui/problem.tsx'
import { Ago } from '../ui/time.tsx'

export const roleWords: Record<Role, string> = {
  viewer: 'Viewer: sees everything',
  developer: 'Developer: also pushes, cancels, retries',
  operator: 'Operator: also rolls back and configures',
  admin: 'Admin: also says who may do what, and removes apps',
}

export function TokensPage() {
  useTitle('Tokens')
  const query = useTokens()
  const client = useClient()
  const queries = useQueryClient()
  const [question, ask] = useState<Question | null>(null)
  const [isMaking, setMaking] = useState(false)
  const readAgain = () => queries.invalidateQueries({ queryKey: ['tokens'] })
  const askRevoke = (token: Token): void =>
    ask({
      title: `Revoke “${token.name}”?`,
      text: 'Whoever uses it can do nothing with it any more, at once.',
      verb: 'Revoke',
      danger: true,
      act: async () => {
        await client.deleteToken({ params: { id: token.id } })
        await readAgain()
      },
    })
  return (
    <>
      <PageHead
        title="Tokens"
        actions={
          <Button kind="primary" onClick={() => setMaking(true)}>
            Make a token
          </Button>
        }
      >
        <p className="mt-1 text-soft">
          For machines and for git: what the API, the command line and a push sign in with. Each
          acts for the user who made it, and may never do more.
        </p>
      </PageHead>
      <Loaded query={query} shape={<RowsShape rows={3} />}>
        {(tokens) =>
          tokens.length === 0 ? (
            <Nothing>There is no token.</Nothing>
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
      <Modal open={isMaking} close={() => setMaking(false)} title="Make a token">
        <MakeToken close={() => setMaking(false)} made={() => void readAgain()} />
      </Modal>
    </>
  )
}

function TokenRow({ token, revoke }: { token: Token; revoke: () => void }) {
  const { data: me } = useMe()
  const expires = token.expires
    ? `until ${new Date(token.expires).toLocaleDateString()}`
    : 'does not expire'
  return (
    <li className="flex items-center gap-4 px-4 py-3">
      <div className="grid min-w-0 flex-1 gap-x-6 sm:grid-cols-[minmax(0,1fr)_minmax(6rem,1fr)_10rem_11rem]">
        <span className="font-medium">{token.name}</span>
        <span className="truncate">
          {token.role}
          {token.apps === null ? '' : ` of ${token.apps.join(', ')}`}
          {token.user === me?.name ? '' : `, acts for ${token.user ?? 'this machine'}`}
        </span>
        <span className="text-soft">
          {token.used ? (
            <>
              used <Ago time={token.used} />
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

function MakeToken({ close, made }: { close: () => void; made: () => void }) {
  const client = useClient()
  const [name, setName] = useState('')
  const [role, setRole] = useState<Role>('developer')
  const [days, setDays] = useState('90')
  const [apps, setApps] = useState('')
  const [secret, setSecret] = useState<string | null>(null)
  const [error, setError] = useState<unknown>(null)
  const make = async (event: FormEvent): Promise<void> => {
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
      made()
    } catch (problem) {
      setError(problem)
    }
  }
  if (secret !== null)
    return (
      <>
        <p>Copy it now: it is shown only this once.</p>
        <Command text={secret} />
        <Button kind="primary" onClick={close}>
          I have it
        </Button>
      </>
    )
  return (
    <form onSubmit={(event) => void make(event)} className="flex flex-col gap-3">
      <label className="flex flex-col gap-1">
        <span className="label">Name, to know it again</span>
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
          {roles.map((one) => (
            <option key={one} value={one}>
              {roleWords[one]}
            </option>
          ))}
        </select>
      </label>
      <label className="flex flex-col gap-1">
        <span className="label">For these apps; all when empty</span>
        <input className="field" value={apps} onChange={(event) => setApps(event.target.value)} />
      </label>
      <label className="flex flex-col gap-1">
        <span className="label">Works for</span>
        <select className="field" value={days} onChange={(event) => setDays(event.target.value)}>
          <option value="30">30 days</option>
          <option value="90">90 days</option>
          <option value="365">a year</option>
          <option value="">ever</option>
        </select>
      </label>
      <ProblemLine error={error} />
      <div className="flex justify-end gap-2">
        <Button onClick={close}>Not now</Button>
        <Button kind="primary" type="submit" disabled={name.trim() === ''}>
          Make the token
        </Button>
      </div>
    </form>
  )
}
