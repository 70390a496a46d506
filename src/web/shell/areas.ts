import {
  BookOpen,
  Activity,
  Boxes,
  HeartPulse,
  House,
  type LucideIcon,
  Settings,
} from 'lucide-react'

/** A page of the navigation. */
export interface Place {
  to: string
  text: string
  /** the key after `g` */
  key: string
  forAdmins?: boolean
}

/** The first level of the navigation. An area with one page has no second level. */
export interface Area {
  text: string
  icon: LucideIcon
  places: [Place, ...Place[]]
}

export const areas: Area[] = [
  { text: 'Home', icon: House, places: [{ to: '/', text: 'Home', key: 'h' }] },
  { text: 'Apps', icon: Boxes, places: [{ to: '/apps', text: 'Apps', key: 'a' }] },
  {
    text: 'Activity',
    icon: Activity,
    places: [
      { to: '/runs', text: 'Runs', key: 'r' },
      { to: '/deployments', text: 'Deployments', key: 'd' },
      { to: '/events', text: 'Events', key: 'e' },
    ],
  },
  {
    text: 'Reliability',
    icon: HeartPulse,
    places: [
      { to: '/alerts', text: 'Alerts', key: 'l' },
      { to: '/incidents', text: 'Incidents', key: 'i' },
      { to: '/status-page', text: 'Status page', key: 'p' },
      { to: '/on-call', text: 'On-call', key: 'c' },
      { to: '/errors', text: 'Errors', key: 'x' },
      { to: '/monitors', text: 'Monitors', key: 'm' },
    ],
  },
  {
    text: 'Settings',
    icon: Settings,
    places: [
      { to: '/tokens', text: 'Tokens', key: 't' },
      { to: '/channels', text: 'Channels', key: 'n' },
      { to: '/hosts', text: 'Hosts', key: 'v' },
      { to: '/sessions', text: 'Sessions', key: 's' },
      { to: '/users', text: 'Users', key: 'u', forAdmins: true },
    ],
  },
  { text: 'Docs', icon: BookOpen, places: [{ to: '/docs', text: 'Docs', key: 'o' }] },
]

export const places: Place[] = areas.flatMap((area) => area.places)

const isWithin = (path: string, to: string): boolean =>
  path === to || (to !== '/' && path.startsWith(`${to}/`))

/** The area of a page; undefined for a page that belongs to none. */
export const areaOf = (path: string): Area | undefined =>
  areas.find((area) => area.places.some(({ to }) => isWithin(path, to)))

export const visiblePlaces = (area: Area, isAdmin: boolean): Place[] =>
  area.places.filter(({ forAdmins }) => isAdmin || forAdmins !== true)
