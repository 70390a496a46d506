import { useQueryClient } from '@tanstack/react-query'
import { lazy, Suspense, useState } from 'react'
import { defaultPage, type StatusPageSettings } from '#contract/status-page/pages.ts'
import { useMay } from '../live/access-queries.ts'
import { useClient } from '../live/dependencies.tsx'
import { Button } from '../ui/button.tsx'
import { Confirm, Modal, type Question } from '../ui/dialog.tsx'
import { RowsShape, Section } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { useStatusPages } from './queries.ts'

const PageForm = lazy(async () => ({ default: (await import('./page-form.tsx')).PageForm }))

/** The status pages of the installation, for administrators. */
export function PagesSection() {
  return useMay('admin', null) ? <Pages /> : null
}

function Pages() {
  const query = useStatusPages()
  const [isAdding, setAdding] = useState(false)
  return (
    <Section
      title="Pages"
      aside={<Button onClick={() => setAdding(true)}>Add status page …</Button>}
    >
      <Loaded query={query} shape={<RowsShape rows={1} height="h-16" />}>
        {(pages) => (
          <ul className="panel divide-y divide-edge overflow-hidden">
            {pages.map((page) => (
              <PageRow key={page.name} page={page} names={names(pages)} />
            ))}
          </ul>
        )}
      </Loaded>
      <Modal open={isAdding} close={() => setAdding(false)} title="Add status page">
        <Suspense>
          {isAdding ? (
            <PageForm page={null} names={names(query.data)} close={() => setAdding(false)} />
          ) : null}
        </Suspense>
      </Modal>
    </Section>
  )
}

function PageRow({ page, names }: { page: StatusPageSettings; names: string[] }) {
  const { name, title, address } = page
  const client = useClient()
  const queries = useQueryClient()
  const [isOpen, setOpen] = useState(false)
  const [question, ask] = useState<Question | null>(null)
  const askDelete: Question = {
    title: `Delete the status page ${name}?`,
    text: 'Its address answers no longer, and its subscriptions are deleted, too.',
    verb: 'Delete',
    danger: true,
    act: async () => {
      await client.deleteStatusPage({ params: { page: name } })
      await queries.invalidateQueries({ queryKey: ['status-page'] })
    },
  }
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-3">
      <div className="min-w-0 flex-1 basis-56 wrap-anywhere">
        <p>
          <span className="font-medium">{name}</span>
          {title === '' ? null : <span className="text-soft">, {title}</span>}
          {page.hasLogo || page.colors !== null ? (
            <span className="text-soft">, with a look of its own</span>
          ) : null}
          {page.private ? <span className="text-soft">, private</span> : null}
        </p>
        <p className="text-soft">Shows {shownBy(page)}</p>
        {address === null ? (
          <p className="text-soft">Not served: FAIRLEAD_STATUS_HOST is off</p>
        ) : (
          <a href={address} target="_blank" rel="noreferrer" className="quiet-link">
            {address}
          </a>
        )}
      </div>
      <div className="flex flex-wrap gap-2">
        <Button aria-label={`Change the status page ${name} …`} onClick={() => setOpen(true)}>
          Change …
        </Button>
        {name === defaultPage ? null : (
          <Button aria-label={`Delete the status page ${name} …`} onClick={() => ask(askDelete)}>
            Delete …
          </Button>
        )}
      </div>
      <Confirm question={question} close={() => ask(null)} />
      <Modal open={isOpen} close={() => setOpen(false)} title={`Change the status page ${name}`}>
        <Suspense>
          {isOpen ? <PageForm page={page} names={names} close={() => setOpen(false)} /> : null}
        </Suspense>
      </Modal>
    </li>
  )
}

const names = (pages: StatusPageSettings[] = []): string[] => pages.map(({ name }) => name)

/** What a page shows, in words. */
function shownBy({ apps, groups, components }: StatusPageSettings): string {
  const groupNames = groups.map((name) => `the group ${name}`)
  return [...apps, ...groupNames, ...components].join(', ') || 'all components'
}
