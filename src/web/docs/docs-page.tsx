import { useQuery } from '@tanstack/react-query'
import { type MouseEvent, useEffect } from 'react'
import { NavLink, useLocation, useNavigate, useParams } from 'react-router'
import { FairleadError } from '#contract/errors.ts'
import { classes } from '../ui/classes.ts'
import { RowsShape, useTitle } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { docs } from './pages.ts'
import { loadDocs } from './load.ts'

/** A page of the documentation of this version, which is part of the console. */
export function DocsPage() {
  const { page = docs[0]?.[0] ?? '' } = useParams()
  const query = useQuery({
    queryKey: ['docs', page],
    queryFn: async () => {
      const html = await loadDocs(page)
      if (html === null) throw new FairleadError('not_found', { kind: 'page', id: `/docs/${page}` })
      return html
    },
    staleTime: Infinity,
  })
  useTitle(docs.find(([name]) => name === page)?.[1] ?? 'Docs')
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-x-8 lg:grid-cols-[12rem_minmax(0,1fr)]">
      <Contents />
      <Loaded isPage query={query} shape={<RowsShape rows={8} />}>
        {(html) => <Page html={html} />}
      </Loaded>
    </div>
  )
}

function Contents() {
  return (
    <nav aria-label="Documentation" className="max-lg:mb-5">
      <ul className="flex gap-x-1 max-lg:flex-wrap lg:flex-col">
        {docs.map(([name, title], index) => (
          <li key={name}>
            <NavLink
              to={index === 0 ? '/docs' : `/docs/${name}`}
              end
              className={({ isActive }) =>
                classes(
                  'block rounded-md px-2.5 py-1',
                  isActive ? 'bg-hover font-medium' : 'text-soft hover:bg-hover hover:text-ink',
                )
              }
            >
              {title}
            </NavLink>
          </li>
        ))}
      </ul>
    </nav>
  )
}

function Page({ html }: { html: string }) {
  const navigate = useNavigate()
  const { hash } = useLocation()
  useEffect(() => {
    if (hash !== '') document.getElementById(decodeURIComponent(hash.slice(1)))?.scrollIntoView()
    else scrollTo(0, 0)
  }, [hash, html])
  const follow = (event: MouseEvent): void => {
    const link = (event.target as Element).closest('a')
    const to = link?.getAttribute('href') ?? ''
    if (!/^(\/|#)/.test(to) || event.ctrlKey || event.metaKey || event.shiftKey) return
    event.preventDefault()
    void navigate(to)
  }
  // The HTML is made of the repository's own files when the console is built.
  return <article className="prose" onClick={follow} dangerouslySetInnerHTML={{ __html: html }} />
}
