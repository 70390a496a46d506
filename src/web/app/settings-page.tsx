import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { Link, useNavigate, useParams } from 'react-router'
import type { App } from '#contract/app/app.ts'
import { useLine } from '../live/run-queries.ts'
import { useMay } from '../live/access-queries.ts'
import { useClient } from '../live/dependencies.tsx'
import { Button } from '../ui/button.tsx'
import { Confirm, type Question } from '../ui/dialog.tsx'
import { Nothing, RowsShape, Section, useTitle } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { ProviderSection } from '../webhook/provider-section.tsx'
import { WaiversSection } from './waivers-section.tsx'
import { WebhookSection } from '../webhook/webhook-section.tsx'

/** The settings of an app: its source, webhook, Git provider, users, and removal. */
export function SettingsPage() {
  const { app = '' } = useParams()
  const query = useLine(app)
  const isAdmin = useMay('admin', app)
  useTitle(`${app}: settings`)
  return (
    <>
      <Loaded query={query} shape={<RowsShape rows={3} />}>
        {(line) => <Source app={line.app} />}
      </Loaded>
      <WebhookSection app={app} />
      <ProviderSection app={app} />
      <WaiversSection app={app} />
      {isAdmin ? (
        <>
          <Access app={app} />
          <Removal app={app} />
        </>
      ) : null}
    </>
  )
}

function Source({ app: { repository, branch, folder, remote } }: { app: App }) {
  const place =
    repository.kind === 'path'
      ? repository.path
      : repository.kind === 'url'
        ? repository.url
        : 'hosted by Fairlead'
  const facts: [string, ReactNode][] = [
    ['Repository', place],
    ['Delivered branch', branch],
    ['Folder', folder === '.' ? 'the whole repository' : folder],
    ['Remote of Fairlead', <code className="font-mono">{remote}</code>],
  ]
  return (
    <Section title="Source" className="mt-0">
      <dl className="panel grid gap-x-6 gap-y-2 px-4 py-3 sm:grid-cols-[10rem_minmax(0,1fr)]">
        {facts.map(([term, value]) => (
          <div key={term} className="contents">
            <dt className="text-soft">{term}</dt>
            <dd className="min-w-0">{value}</dd>
          </div>
        ))}
      </dl>
    </Section>
  )
}

/** The users with a role for this app. Roles for all apps are on the page of all users. */
function Access({ app }: { app: string }) {
  const client = useClient()
  const query = useQuery({
    queryKey: ['users', app],
    queryFn: async ({ signal }) => (await client.listAppUsers({ params: { app }, signal })).users,
  })
  return (
    <Section
      title="Access"
      aside={
        <Link to="/users" className="underline underline-offset-3">
          All users
        </Link>
      }
    >
      <Loaded query={query} shape={<RowsShape rows={2} />}>
        {(users) =>
          users.length === 0 ? (
            <Nothing>No user has a role for this app only.</Nothing>
          ) : (
            <ul className="panel divide-y divide-edge overflow-hidden">
              {users.map(({ name, role, disabled }) => (
                <li key={name} className="flex justify-between gap-4 px-4 py-2.5">
                  <span className="min-w-0 truncate">{name}</span>
                  <span className="text-soft">
                    {role}
                    {disabled === null ? '' : ', disabled'}
                  </span>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Section>
  )
}

function Removal({ app }: { app: string }) {
  const client = useClient()
  const navigate = useNavigate()
  const [question, ask] = useState<Question | null>(null)
  const remove: Question = {
    title: `Remove ${app}?`,
    text: (
      <>
        <p>
          This stops all services of the app in every environment, and deletes its data except for
          its events.
        </p>
        <p className="mt-2">The repository itself is kept, unless it is Fairlead’s own remote.</p>
      </>
    ),
    verb: 'Stop and remove',
    danger: true,
    act: async () => {
      await client.deleteApp({ params: { app } })
      await navigate('/apps')
    },
  }
  return (
    <Section title="Removal">
      <div className="panel flex flex-wrap items-center justify-between gap-3 px-4 py-3">
        <p>Stops the app in every environment, and deletes its data.</p>
        <Button onClick={() => ask(remove)}>Remove …</Button>
      </div>
      <Confirm question={question} close={() => ask(null)} />
    </Section>
  )
}
