import { Activity, ListChecks, type LucideIcon, Rocket, Waypoints } from 'lucide-react'
import { useEffect, useRef } from 'react'
import { useNavigate } from 'react-router'

export interface Place {
  to: string
  text: string
  /** pressed after `g` */
  key: string
  icon: LucideIcon
}

export const places: Place[] = [
  { to: '/', text: 'Lines', key: 'h', icon: Waypoints },
  { to: '/runs', text: 'Runs', key: 'r', icon: ListChecks },
  { to: '/deployments', text: 'Deployments', key: 'd', icon: Rocket },
  { to: '/events', text: 'Events', key: 'e', icon: Activity },
]

/** The keys that work on every page; shown by `?`. */
export const keyHelp: [string, string][] = [
  ['?', 'Show the keys'],
  ['⌘ K or Ctrl K', 'Go to an app, environment or run, or do something'],
  ['/', 'Search on this page'],
  ['j and k', 'Next and previous in a list'],
  ['Enter', 'Open'],
  ...places.map((place): [string, string] => [
    `g ${place.key}`,
    `Go to ${place.text.toLowerCase()}`,
  ]),
  ['← → ↑ ↓', 'Move in the graph of a run'],
  ['f', 'Follow the log of a run, or stop following'],
  ['w', 'Wrap long lines of the log, or not'],
  ['Esc', 'Close, or leave a field'],
]

const isField = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.matches('input, textarea, select') || target.isContentEditable)

/**
 * A key meant for the page: not typed into a field, not part of a shortcut of the browser, no
 * dialog open.
 */
export const isForPage = (event: KeyboardEvent): boolean =>
  !event.defaultPrevented &&
  !event.metaKey &&
  !event.ctrlKey &&
  !event.altKey &&
  !isField(event.target) &&
  document.querySelector('[role=dialog], [role=alertdialog], [role=menu]') === null

/** Moves the focus among the rows of the page. */
function moveInList(by: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>('main [data-row]')].filter(
    (row) => row.offsetParent !== null,
  )
  const at = rows.indexOf(document.activeElement as HTMLElement)
  const next =
    at === -1 ? (by === 1 ? 0 : rows.length - 1) : Math.min(Math.max(at + by, 0), rows.length - 1)
  rows[next]?.focus()
  rows[next]?.scrollIntoView({ block: 'nearest' })
}

interface Actions {
  openPalette: () => void
  showKeys: () => void
}

const pairTime = 1000

/** Listens for the keys of every page. */
export function useKeys(actions: Actions): void {
  const navigate = useNavigate()
  const latest = useRef(actions)
  latest.current = actions
  useEffect(() => {
    let first = 0
    const onKey = (event: KeyboardEvent): void => {
      if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault()
        return latest.current.openPalette()
      }
      if (event.key === 'Escape' && isField(event.target))
        return (event.target as HTMLElement).blur()
      if (!isForPage(event)) return
      const isSecond = event.timeStamp - first < pairTime
      first = event.key === 'g' ? event.timeStamp : 0
      const place = isSecond ? places.find(({ key }) => key === event.key) : undefined
      if (place) return void navigate(place.to)
      if (event.key === '?') return latest.current.showKeys()
      if (event.key === 'j' || event.key === 'k') return moveInList(event.key === 'j' ? 1 : -1)
      if (event.key !== '/') return
      event.preventDefault()
      const field = document.querySelector<HTMLElement>('main [data-search]')
      if (field) field.focus()
      else latest.current.openPalette()
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [navigate])
}
