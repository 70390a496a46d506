import { TriangleAlert } from 'lucide-react'
import { type ReactNode, useEffect } from 'react'
import { Link } from 'react-router'

/** Sets the title of the tab. `sign` shows a state while the tab is in the background. */
export function useTitle(title: string, sign = ''): void {
  useEffect(() => {
    document.title = `${sign ? `${sign} ` : ''}${title} · Fairlead`
  }, [title, sign])
}

export interface Crumb {
  to: string
  text: string
}

/** The header of a page: breadcrumb, title, and actions. */
export function PageHead({
  crumbs = [],
  title,
  children,
  actions,
}: {
  crumbs?: Crumb[]
  title: ReactNode
  children?: ReactNode
  actions?: ReactNode
}) {
  return (
    <header className="mb-5 flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
      <div className="min-w-0 flex-1 basis-72">
        {crumbs.length > 0 ? (
          <nav aria-label="Breadcrumb" className="mb-1 text-soft">
            <ol className="flex flex-wrap gap-1.5">
              {crumbs.map((crumb, index) => (
                <li key={crumb.to} className="flex gap-1.5">
                  <Link to={crumb.to} className="quiet-link">
                    {crumb.text}
                  </Link>
                  {index < crumbs.length - 1 ? <span aria-hidden>/</span> : null}
                </li>
              ))}
            </ol>
          </nav>
        ) : null}
        <h1 className="text-xl font-semibold tracking-tight">{title}</h1>
        {children}
      </div>
      {actions ? (
        <div className="flex max-w-full min-w-0 flex-wrap gap-2 max-sm:w-full">{actions}</div>
      ) : null}
    </header>
  )
}

/** A section of a page with its heading. */
export function Section({
  title,
  aside,
  children,
  className = '',
}: {
  title: string
  aside?: ReactNode
  children: ReactNode
  className?: string
}) {
  return (
    <section aria-label={title} className={`mt-7 ${className}`}>
      <div className="mb-2 flex flex-wrap items-end justify-between gap-x-4 gap-y-2">
        <h2 className="font-semibold">{title}</h2>
        {aside}
      </div>
      {children}
    </section>
  )
}

/** An empty state: says that there is nothing, and why. */
export function Nothing({ children }: { children: ReactNode }) {
  return <p className="panel px-4 py-6 text-center text-soft">{children}</p>
}

/** Placeholder rows while a list loads. */
export function RowsShape({ rows = 6, height = 'h-12' }: { rows?: number; height?: string }) {
  return (
    <div className="panel divide-y divide-edge overflow-hidden">
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className={`flex items-center gap-3 px-4 ${height}`}>
          <div className="skeleton size-4 rounded-full" />
          <div className="skeleton h-3 w-2/5" />
          <div className="skeleton ml-auto h-3 w-16" />
        </div>
      ))}
    </div>
  )
}

/** A sentence about something that needs attention, with an optional action. */
export function Warning({ text, children }: { text: string; children?: ReactNode }) {
  return (
    <div role="alert" className="mb-4 flex items-start gap-2 rounded-lg bg-warn/12 px-4 py-3">
      <TriangleAlert size={18} className="mt-0.5 shrink-0 text-warn" aria-hidden />
      <span className="min-w-0 flex-1">{text}</span>
      {children}
    </div>
  )
}
