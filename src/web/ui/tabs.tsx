import { useEffect, useRef } from 'react'
import { NavLink, useLocation } from 'react-router'
import { classes } from './classes.ts'

interface Tab {
  to: string
  text: string
}

/** Links to the parts of a page. The first is the page itself. */
export function Tabs({ label, tabs }: { label: string; tabs: Tab[] }) {
  const bar = useRef<HTMLElement>(null)
  const { pathname } = useLocation()
  useEffect(() => {
    const current = bar.current?.querySelector('[aria-current=page]')
    current?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }, [pathname])
  return (
    <nav ref={bar} aria-label={label} className="mb-5 overflow-x-auto border-b border-edge">
      <ul className="flex">
        {tabs.map(({ to, text }, index) => (
          <li key={to}>
            <NavLink
              to={to}
              end={index === 0}
              className={({ isActive }) =>
                classes(
                  'block border-b-2 px-3 py-2 whitespace-nowrap pointer-coarse:py-2.5',
                  'focus-visible:-outline-offset-2',
                  isActive
                    ? 'border-ink font-medium text-ink'
                    : 'border-transparent text-soft hover:border-edge-strong hover:text-ink',
                )
              }
            >
              {text}
            </NavLink>
          </li>
        ))}
      </ul>
    </nav>
  )
}
