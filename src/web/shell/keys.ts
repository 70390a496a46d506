import { useEffect, useRef } from 'react'
import { useNavigate } from 'react-router'
import { places } from './areas.ts'

/** The keyboard shortcuts, as the dialog of `?` lists them. */
export const keyHelp: [string, string][] = [
  ['?', 'Show keyboard shortcuts'],
  ['⌘ K or Ctrl K', 'Open the command palette'],
  ['/', 'Search on this page'],
  ['!', 'Open an incident'],
  ['j and k', 'Next or previous row of a list'],
  ['Enter', 'Open'],
  ...places.map((place): [string, string] => [
    `g ${place.key}`,
    `Go to ${place.text.toLowerCase()}`,
  ]),
  ['← → ↑ ↓', 'Move in the graph of a run'],
  ['f', 'Follow the log of a run, on or off'],
  ['w', 'Wrap long lines of a log, on or off'],
  ['t', 'Show the times of the lines of a log, on or off'],
  ['Esc', 'Close a dialog, or leave a field'],
]

const isField = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.matches('input, textarea, select') || target.isContentEditable)

/**
 * Whether a key is meant for the page: not typed into a field, not a shortcut of the browser, and
 * no dialog is open.
 */
export const isForPage = (event: KeyboardEvent): boolean =>
  !event.defaultPrevented &&
  !event.metaKey &&
  !event.ctrlKey &&
  !event.altKey &&
  !isField(event.target) &&
  document.querySelector('[role=dialog], [role=alertdialog], [role=menu]') === null

/** Moves the focus to the next or previous row of the page. */
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

/** Time for the second key of a sequence, in milliseconds. */
const sequenceMs = 1000

/** Handles the keyboard shortcuts of every page. */
export function useKeys(actions: Actions): void {
  const navigate = useNavigate()
  const latest = useRef(actions)
  latest.current = actions
  useEffect(() => {
    // The time of a key counts from the load of the page, so 0 is not long ago.
    let first = -Infinity
    const onKey = (event: KeyboardEvent): void => {
      if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault()
        return latest.current.openPalette()
      }
      if (event.key === 'Escape' && isField(event.target))
        return (event.target as HTMLElement).blur()
      if (!isForPage(event)) return
      const isSecond = event.timeStamp - first < sequenceMs
      first = event.key === 'g' ? event.timeStamp : -Infinity
      const place = isSecond ? places.find(({ key }) => key === event.key) : undefined
      if (place) return void navigate(place.to)
      if (event.key === '!') return void navigate('/incidents?open=incident')
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
