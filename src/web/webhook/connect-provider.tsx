import { useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import type { Forge, ForgeKind } from '#contract/forge/forge.ts'
import { kinds } from '#contract/forge/kinds.generated.ts'
import { useClient } from '../live/dependencies.tsx'
import { FormButtons } from '../ui/button.tsx'
import { Choice, Field } from '../ui/field.tsx'
import { ProblemLine } from '../ui/problem.tsx'

const providers = kinds.filter((one) => one.hasApi)
const titles = Object.fromEntries(providers.map(({ kind, title }) => [kind, title])) as Record<
  ForgeKind,
  string
>

/** Connects an app to its Git provider, or replaces the connection. The token is write-only. */
export function ConnectProvider({
  app,
  former,
  close,
}: {
  app: string
  former: Forge | null
  close: () => void
}) {
  const client = useClient()
  const queries = useQueryClient()
  const [kind, setKind] = useState<ForgeKind>(former?.kind ?? 'github')
  const [repository, setRepository] = useState(former?.repository ?? '')
  const [url, setUrl] = useState(former?.url ?? '')
  const [appId, setAppId] = useState(former?.appId ?? '')
  const [token, setToken] = useState('')
  const [error, setError] = useState<unknown>(null)
  const publicUrl = providers.find((one) => one.kind === kind)?.publicUrl ?? null
  const connect = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    setError(null)
    try {
      await client.putForge({
        params: { app },
        body: {
          ...{ kind, repository: repository.trim(), token: token.trim() },
          ...(url.trim() === '' ? {} : { url: url.trim() }),
          ...(kind === 'github' && appId.trim() !== '' ? { appId: appId.trim() } : {}),
        },
      })
      await queries.invalidateQueries({ queryKey: ['forge', app] })
      close()
    } catch (problem) {
      setError(problem)
    }
  }
  return (
    <form onSubmit={(event) => void connect(event)} className="flex flex-col gap-3">
      <Choice
        label="Git provider"
        value={kind}
        set={(next) => {
          setKind(next)
          setUrl('')
        }}
        choices={titles}
      />
      <Field
        label="Repository"
        placeholder="OWNER/NAME"
        value={repository}
        set={setRepository}
        required
      />
      <Field
        label="Address of the API"
        {...(publicUrl === null ? { required: true } : { hint: `Empty for ${publicUrl}` })}
        placeholder={publicUrl ?? 'https://git.example.com'}
        value={url}
        set={setUrl}
      />
      {kind === 'github' ? (
        <Field
          label="Number of a GitHub App"
          hint="Empty for a token of a user. With an app, enter its private key as the token."
          value={appId}
          set={setAppId}
          inputMode="numeric"
        />
      ) : null}
      <label className="flex flex-col gap-1">
        <span className="label">Token or private key</span>
        <textarea
          className="field min-h-20 font-mono"
          required
          autoComplete="off"
          spellCheck={false}
          value={token}
          onChange={(event) => setToken(event.target.value)}
        />
      </label>
      <ProblemLine error={error} />
      <FormButtons verb="Connect" close={close} />
    </form>
  )
}
