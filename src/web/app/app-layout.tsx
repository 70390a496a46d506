import { ExternalLink } from 'lucide-react'
import { Suspense, useState } from 'react'
import { Outlet, useNavigate, useParams } from 'react-router'
import type { App } from '#contract/app/app.ts'
import type { Line } from '#contract/environment/environment.ts'
import { useLine } from '../live/run-queries.ts'
import { useMay } from '../live/access-queries.ts'
import { useClient } from '../live/dependencies.tsx'
import { Button, buttonClass } from '../ui/button.tsx'
import { Confirm, type Question } from '../ui/dialog.tsx'
import { PageHead } from '../ui/page.tsx'
import { Tabs } from '../ui/tabs.tsx'

/** The head of the pages of an app: its name, its address, and tabs. */
export function AppLayout() {
  const { app = '' } = useParams()
  const { data: line } = useLine(app)
  const here = `/apps/${app}`
  const tabs = [
    { to: here, text: 'Overview' },
    { to: `${here}/runs`, text: 'Runs' },
    { to: `${here}/pull-requests`, text: 'Pull requests' },
    { to: `${here}/environments`, text: 'Environments' },
    { to: `${here}/configuration`, text: 'Configuration' },
    { to: `${here}/jobs`, text: 'Jobs' },
    { to: `${here}/errors`, text: 'Errors' },
    { to: `${here}/monitors`, text: 'Monitors' },
    { to: `${here}/experiments`, text: 'Experiments' },
    { to: `${here}/trends`, text: 'Insights' },
    { to: `${here}/settings`, text: 'Settings' },
  ]
  return (
    <>
      <PageHead
        crumbs={[{ to: '/apps', text: 'Apps' }]}
        title={app}
        actions={
          line ? (
            <>
              <Visit line={line} />
              <Deliver app={line.app} />
            </>
          ) : null
        }
      />
      <Tabs label={`Pages of ${app}`} tabs={tabs} />
      <Suspense fallback={null}>
        <Outlet />
      </Suspense>
    </>
  )
}

/** A link to the running app in its last environment that has one. */
function Visit({ line }: { line: Line }) {
  const last = line.environments.findLast(({ current, urls }) => current !== null && urls[0])
  if (!last) return null
  return (
    <a href={last.urls[0]} target="_blank" rel="noreferrer" className={buttonClass('plain')}>
      Visit {last.name} <ExternalLink size={14} aria-hidden />
    </a>
  )
}

function Deliver({ app }: { app: App }) {
  const client = useClient()
  const navigate = useNavigate()
  const mayDeliver = useMay('developer', app.name)
  const [question, ask] = useState<Question | null>(null)
  const deliver: Question = {
    title: `Deliver the newest commit of ${app.branch}?`,
    text: 'Opens the run of the commit if it is in progress or live. Otherwise, a new run starts.',
    verb: 'Deliver',
    act: async () => {
      const { id } = await client.createRun({ params: { app: app.name }, body: {} })
      await navigate(`/runs/${id}`)
    },
  }
  if (!mayDeliver) return null
  return (
    <>
      <Button onClick={() => ask(deliver)}>Deliver newest commit</Button>
      <Confirm question={question} close={() => ask(null)} />
    </>
  )
}
