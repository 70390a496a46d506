import { NavLink, useLocation } from 'react-router'
import { useMay } from '../live/access-queries.ts'
import { classes } from '../ui/classes.ts'
import { type Area, areaOf, areas, type Place, visiblePlaces } from './areas.ts'
import { Logo } from './logo.tsx'

export function HomeLink({ className = '' }: { className?: string }) {
  return (
    <NavLink
      to="/"
      className={`items-center gap-2 font-semibold tracking-tight ${className}`}
      aria-label="Fairlead, home"
    >
      <Logo />
      Fairlead
    </NavLink>
  )
}

const linkClass = ({ isActive }: { isActive: boolean }): string =>
  classes(
    'flex min-h-8 items-center gap-2.5 rounded-md px-2.5 py-1 pointer-coarse:min-h-10',
    isActive ? 'bg-hover font-medium text-ink' : 'text-soft hover:bg-hover/60 hover:text-ink',
  )

/** The navigation at the left of a wide screen: areas, and the pages of each. */
export function Sidebar() {
  const isAdmin = useMay('admin', null)
  return (
    <div className="hidden border-r border-edge bg-panel md:block">
      <nav
        aria-label="Main"
        className="sticky top-0 flex h-dvh flex-col gap-1 overflow-y-auto px-2 pb-6"
      >
        <HomeLink className="mb-2 flex h-12 shrink-0 px-2.5" />
        {areas.map((area) => (
          <AreaLinks key={area.text} area={area} isAdmin={isAdmin} />
        ))}
      </nav>
    </div>
  )
}

function AreaLinks({ area, isAdmin }: { area: Area; isAdmin: boolean }) {
  const [first, ...more] = area.places
  if (more.length === 0)
    return (
      <NavLink to={first.to} end={first.to === '/'} className={linkClass}>
        <area.icon size={16} aria-hidden />
        {area.text}
      </NavLink>
    )
  return (
    <div className="mt-3">
      <div id={`area-${area.text}`} className="label mb-0.5 flex items-center gap-2.5 px-2.5 py-1">
        <area.icon size={16} aria-hidden />
        {area.text}
      </div>
      <ul aria-labelledby={`area-${area.text}`} className="flex flex-col gap-0.5">
        {visiblePlaces(area, isAdmin).map((place) => (
          <li key={place.to}>
            <NavLink to={place.to} className={(state) => `${linkClass(state)} pl-9`}>
              {place.text}
            </NavLink>
          </li>
        ))}
      </ul>
    </div>
  )
}

/** The areas at the bottom of a phone. */
export function BottomBar() {
  const current = areaOf(useLocation().pathname)
  return (
    <nav
      aria-label="Main"
      className={classes(
        'fixed inset-x-0 bottom-0 z-30 grid auto-cols-auto grid-flow-col border-t border-edge',
        'bg-panel pb-[env(safe-area-inset-bottom)] md:hidden',
      )}
    >
      {areas.map((area) => (
        <NavLink
          key={area.text}
          to={area.places[0].to}
          aria-current={area === current ? 'true' : undefined}
          className={classes(
            'flex min-h-14 flex-col items-center justify-center gap-0.5 text-small',
            area === current ? 'font-semibold text-ink' : 'text-soft',
          )}
        >
          <area.icon size={20} aria-hidden />
          {area.text}
        </NavLink>
      ))}
    </nav>
  )
}

/** The pages of the current area on a phone. Pages below them have a breadcrumb instead. */
export function AreaTabs() {
  const { pathname } = useLocation()
  const isAdmin = useMay('admin', null)
  const area = areaOf(pathname)
  const shown: Place[] = area === undefined ? [] : visiblePlaces(area, isAdmin)
  if (area === undefined || shown.length < 2 || !shown.some(({ to }) => to === pathname))
    return null
  return (
    <nav
      aria-label={area.text}
      className="flex flex-wrap gap-1 border-b border-edge px-3 py-1.5 md:hidden"
    >
      {shown.map((place) => (
        <NavLink
          key={place.to}
          to={place.to}
          className={(state) => `${linkClass(state)} whitespace-nowrap`}
        >
          {place.text}
        </NavLink>
      ))}
    </nav>
  )
}
