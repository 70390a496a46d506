import { useQueryClient } from '@tanstack/react-query'
import { EyeOff } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import type { Configuration, Environment } from '#contract/environment/environment.ts'
import { restartNote } from '#contract/configuration/restart.ts'
import {
  useConfigurationRestarts,
  useConfigurations,
  useSecretPrefixes,
} from '../live/configuration-queries.ts'
import { useMay } from '../live/access-queries.ts'
import { useClient } from '../live/dependencies.tsx'
import { Button, FormButtons } from '../ui/button.tsx'
import { Confirm, Modal, type Question } from '../ui/dialog.tsx'
import { RowsShape, Section } from '../ui/page.tsx'
import { Loaded, ProblemLine } from '../ui/problem.tsx'
import { Ago } from '../ui/time.tsx'

interface Place {
  app: string
  environment: string
  /** how a change gets the traffic; null when nothing is deployed */
  change: Environment['change'] | null
}

type Kind = 'variables' | 'secrets'

/** A value being edited. `name` is null for a new one. */
interface Draft {
  kind: Kind
  name: string | null
  value: string
}

/** Variables, secrets (write-only), and the history of both. */
export function ConfigurationSection({ app, environment, change: how }: Place) {
  const query = useConfigurations(app, environment)
  const client = useClient()
  const queries = useQueryClient()
  const mayChange = useMay('operator', app)
  const [draft, setDraft] = useState<Draft | null>(null)
  const [question, ask] = useState<Question | null>(null)
  // Saving ends later, and must not close an editor that was opened meanwhile.
  const close = (): void => setDraft((now) => (now === draft ? null : now))
  const change = async (kind: Kind, name: string, value: string | null): Promise<void> => {
    await client.changeConfiguration({
      params: { app, environment },
      body: { [kind]: { [name]: value } },
    })
    await queries.invalidateQueries({ queryKey: ['configuration', app, environment] })
  }
  const askRemove = (kind: Kind, name: string): void =>
    ask({
      title: `Remove ${name}?`,
      text: (
        <>
          {effectOf(how)} <Restarts {...{ app, environment, name }} />
        </>
      ),
      verb: 'Remove',
      danger: true,
      act: () => change(kind, name, null),
    })
  const aside = mayChange ? (
    <div className="flex gap-2">
      <Button onClick={() => setDraft({ kind: 'variables', name: null, value: '' })}>
        Set a variable
      </Button>
      <Button onClick={() => setDraft({ kind: 'secrets', name: null, value: '' })}>
        Set a secret
      </Button>
    </div>
  ) : null
  return (
    <Section title="Configuration" aside={aside}>
      <Loaded query={query} shape={<RowsShape rows={3} height="h-10" />}>
        {({ versions, running }) => (
          <>
            <Values current={running} mayChange={mayChange} edit={setDraft} remove={askRemove} />
            <Waiting newest={versions[0]} />
            <RolledBack runs={running.version} next={running.next} />
            <Prefixes app={app} />
            <Versions versions={versions} />
          </>
        )}
      </Loaded>
      <Modal open={draft !== null} close={close} title={titleOf(draft)}>
        {draft ? (
          <Editor place={{ app, environment }} {...{ draft, save: change, close }} change={how} />
        ) : null}
      </Modal>
      <Confirm question={question} close={() => ask(null)} />
    </Section>
  )
}

/** What happens when a change of the configuration is saved. */
function effectOf(change: Environment['change'] | null): string {
  if (change === null) return 'It takes effect with the first release.'
  const begin = change.needsPermission
    ? 'Once approvals and freezes allow it, new instances start with the change.'
    : 'New instances start with the change now.'
  return change.strategy === 'canary'
    ? `${begin} As a canary, they get a part of the requests, and all of them once that is safe.`
    : `${begin} They get all requests once they are healthy.`
}

function titleOf(draft: Draft | null): string {
  const noun = draft?.kind === 'secrets' ? 'secret' : 'variable'
  return draft?.name ? `Change the ${noun} ${draft.name}` : `Set a ${noun}`
}

interface ValuesProps {
  current: Configuration
  mayChange: boolean
  edit: (draft: Draft) => void
  remove: (kind: Kind, name: string) => void
}

function Values({ current, mayChange, edit, remove }: ValuesProps) {
  const variables = Object.entries(current.variables).sort(([a], [b]) => (a < b ? -1 : 1))
  const secrets = current.secrets.toSorted()
  if (variables.length + secrets.length === 0)
    return (
      <p className="panel px-4 py-4 text-soft">
        No variables or secrets are set. The services use the values of fairlead.yaml.
      </p>
    )
  const actions = (kind: Kind, name: string, value: string) =>
    mayChange ? (
      <span className="ml-auto flex shrink-0 gap-1">
        <Button
          kind="bare"
          aria-label={`Change ${name}`}
          onClick={() => edit({ kind, name, value })}
        >
          Change
        </Button>
        <Button kind="bare" aria-label={`Remove ${name}`} onClick={() => remove(kind, name)}>
          Remove
        </Button>
      </span>
    ) : null
  return (
    <ul className="panel divide-y divide-edge">
      {variables.map(([name, value]) => (
        <li key={name} className="flex flex-wrap items-center gap-x-4 px-4 py-1 sm:flex-nowrap">
          <code className="min-w-48 font-mono font-medium">{name}</code>
          <code className="min-w-0 font-mono break-all">
            {value === '' ? <span className="text-soft">(empty)</span> : value}
          </code>
          {actions('variables', name, value)}
        </li>
      ))}
      {secrets.map((name) => (
        <li key={name} className="flex flex-wrap items-center gap-x-4 px-4 py-1 sm:flex-nowrap">
          <code className="min-w-48 font-mono font-medium">{name}</code>
          <span className="flex items-center gap-1.5 text-soft">
            <EyeOff size={14} aria-hidden />{' '}
            {current.references[name] === undefined
              ? 'secret, never shown'
              : `secret, read from ${current.references[name]}`}
          </span>
          {actions('secrets', name, '')}
        </li>
      ))}
    </ul>
  )
}

function RolledBack({ runs, next }: { runs: number; next: number | null }) {
  if (next === null) return null
  return (
    <p className="mt-2 text-warn">
      The rollback runs with version {runs}. The next delivery gets version {next}.
    </p>
  )
}

function Waiting({ newest }: { newest: Configuration | undefined }) {
  if (newest?.state !== 'waiting') return null
  return (
    <p className="mt-2 text-warn">
      Version {newest.version} by {newest.actor} is not in effect yet:{' '}
      <span className="font-mono">{newest.changed.join(', ')}</span>
    </p>
  )
}

/** Where the values of secrets may be read from, when they are not stored here. */
function Prefixes({ app }: { app: string }) {
  const prefixes = useSecretPrefixes(app).data ?? []
  if (prefixes.length === 0) return null
  return (
    <p className="mt-2 text-soft">
      Secrets of this app may be read from{' '}
      <span className="font-mono">{prefixes.map(({ prefix }) => prefix).join(', ')}</span>
    </p>
  )
}

const stateWords: Record<Configuration['state'], string> = {
  waiting: 'waiting',
  in_force: '',
  refused: 'refused',
}

function Versions({ versions }: { versions: Configuration[] }) {
  const real = versions.filter((one) => one.version > 0)
  if (real.length === 0) return null
  return (
    <details className="mt-2">
      <summary className="w-fit text-soft hover:text-ink">
        History: {real.length} {real.length === 1 ? 'version' : 'versions'}
      </summary>
      <ol className="panel mt-2 divide-y divide-edge">
        {real.map((one) => (
          <li key={one.version} className="flex flex-wrap gap-x-4 px-4 py-2">
            <span className="w-20">Version {one.version}</span>
            <span className="min-w-0 flex-1 basis-48 font-mono text-small">
              {one.changed.join(', ')}
            </span>
            {one.state === 'in_force' ? null : (
              <span className="text-warn">{stateWords[one.state]}</span>
            )}
            <span className="text-soft">
              {one.actor} · <Ago time={one.created} />
            </span>
          </li>
        ))}
      </ol>
    </details>
  )
}

/** Which services a change of a name restarts, and how long clients wait. */
function Restarts({ app, environment, name }: Omit<Place, 'change'> & { name: string }) {
  const { data } = useConfigurationRestarts(app, environment, name)
  if (data === undefined || data.length === 0) return null
  return <span className="block text-warn">{data.map(restartNote).join(' ')}</span>
}

interface EditorProps {
  place: Omit<Place, 'change'>
  draft: Draft
  change: Environment['change'] | null
  save: (kind: Kind, name: string, value: string) => Promise<void>
  close: () => void
}

function Editor({ place, draft, change, save, close }: EditorProps) {
  const [name, setName] = useState(draft.name ?? '')
  const [value, setValue] = useState(draft.value)
  // The name whose restarts are shown: the one that is complete.
  const [asked, setAsked] = useState(name)
  const [error, setError] = useState<unknown>(null)
  const [isBusy, setBusy] = useState(false)
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    setBusy(true)
    setError(null)
    try {
      await save(draft.kind, name.trim(), value)
      close()
    } catch (problem) {
      setError(problem)
    } finally {
      setBusy(false)
    }
  }
  return (
    <form onSubmit={(event) => void submit(event)} className="flex flex-col gap-3">
      {draft.name === null ? (
        <label className="flex flex-col gap-1">
          <span className="label">Name, such as LOG_LEVEL</span>
          <input
            className="field font-mono"
            required
            spellCheck={false}
            value={name}
            onChange={(event) => setName(event.target.value)}
            onBlur={() => setAsked(name.trim())}
          />
        </label>
      ) : null}
      <label className="flex flex-col gap-1">
        <span className="label">
          {draft.kind === 'secrets' ? 'Value; you can replace it later, but not read it' : 'Value'}
        </span>
        <textarea
          className="field min-h-20 font-mono"
          spellCheck={false}
          autoComplete="off"
          value={value}
          onChange={(event) => setValue(event.target.value)}
        />
      </label>
      <p className="text-soft">{effectOf(change)}</p>
      <div role="status">
        <Restarts {...place} name={asked} />
      </div>
      <ProblemLine error={error} />
      <FormButtons
        verb={change === null ? 'Save' : 'Save and deploy'}
        disabled={isBusy || name.trim() === ''}
        close={close}
      />
    </form>
  )
}
