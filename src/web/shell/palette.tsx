import { useQuery, useQueryClient } from '@tanstack/react-query'
import { type KeyboardEvent, useEffect, useRef, useState } from 'react'
import { useNavigate } from 'react-router'
import { docs } from '../docs/pages.ts'
import { useClient } from '../live/dependencies.tsx'
import { useHome } from '../live/queries.ts'
import { useMay } from '../live/access-queries.ts'
import { Modal } from '../ui/dialog.tsx'
import {
  actionsOf,
  deploymentEntry,
  type Entry,
  findEntries,
  homeEntries,
  runEntry,
} from './entries.ts'
import { places } from './areas.ts'
import { useTheme } from './theme.ts'
import { classes } from '../ui/classes.ts'

/** The command palette: finds pages, apps, environments, runs, and actions. */
export function Palette({
  open,
  close,
  showKeys,
}: {
  open: boolean
  close: () => void
  showKeys: () => void
}) {
  return (
    <Modal open={open} close={close} title="Go to" atTop>
      <Search close={close} showKeys={showKeys} />
    </Modal>
  )
}

/** The run and the deployment with exactly the number that was typed, and the newest runs. */
function useNumbered(text: string) {
  const client = useClient()
  const number = Number(/^(?:(?:run|deployment)\s+|#)?(\d{1,9})$/i.exec(text.trim())?.[1] ?? 0)
  const { data: recent = [] } = useQuery({
    queryKey: ['runs', 'palette'],
    queryFn: async ({ signal }) => (await client.listRuns({ query: { limit: 100 }, signal })).runs,
  })
  const { data: exact = [] } = useQuery({
    queryKey: ['palette', number],
    enabled: number > 0,
    queryFn: async ({ signal }) => {
      const [run, deployment] = await Promise.all([
        client.getRun({ params: { run: number }, signal }).catch(() => null),
        client.getDeployment({ params: { deployment: number }, signal }).catch(() => null),
      ])
      return [...(run ? [runEntry(run)] : []), ...(deployment ? [deploymentEntry(deployment)] : [])]
    },
  })
  const entries = [...exact, ...recent.map(runEntry)]
  return [...new Map(entries.map((entry) => [entry.id, entry])).values()]
}

function useEntries(showKeys: () => void, typed: string): Entry[] {
  const numbered = useNumbered(typed)
  const { data: home } = useHome()
  const isAdmin = useMay('admin', null)
  const mayAdd = useMay('developer', null)
  const queries = useQueryClient()
  const navigate = useNavigate()
  const [theme, setTheme] = useTheme()
  const go = (to: string) => () => void navigate(to)
  const isDark =
    theme === 'dark' || (theme === 'system' && matchMedia('(prefers-color-scheme: dark)').matches)
  return [
    ...[...homeEntries(home), ...numbered].map(({ to, ...entry }) => ({ ...entry, act: go(to) })),
    ...docs.map(([name, title]) => ({
      ...{ id: `docs/${name}`, kind: 'docs', text: title, detail: 'Documentation' },
      act: go(`/docs/${name}`),
    })),
    ...actionsOf(home, mayAdd).map(({ to, ...entry }) => ({ ...entry, act: go(to) })),
    ...places
      .filter(({ forAdmins }) => isAdmin || forAdmins !== true)
      .map((place) => ({
        id: place.to,
        kind: 'page',
        text: place.text,
        detail: `g ${place.key}`,
        act: go(place.to),
      })),
    {
      id: 'theme',
      kind: 'action',
      text: isDark ? 'Use the light theme' : 'Use the dark theme',
      detail: '',
      act: () => setTheme(isDark ? 'light' : 'dark'),
    },
    {
      id: 'refresh',
      kind: 'action',
      text: 'Refresh all data',
      detail: '',
      act: () => void queries.invalidateQueries(),
    },
    { id: 'keys', kind: 'action', text: 'Show keyboard shortcuts', detail: '?', act: showKeys },
  ]
}

function Search({ close, showKeys }: { close: () => void; showKeys: () => void }) {
  const [text, setText] = useState('')
  const [at, setAt] = useState(0)
  const list = useRef<HTMLUListElement>(null)
  const found = findEntries(useEntries(showKeys, text), text)
  const current = Math.min(at, found.length - 1)
  useEffect(() => {
    list.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' })
  }, [current, text])
  const choose = (entry: Entry | undefined): void => {
    if (!entry) return
    close()
    entry.act()
  }
  const onKey = (event: KeyboardEvent): void => {
    const by = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
    if (by !== 0) {
      event.preventDefault()
      setAt((current + by + found.length) % Math.max(found.length, 1))
    }
    if (event.key === 'Enter') choose(found[current])
  }
  return (
    <>
      <input
        autoFocus
        role="combobox"
        aria-expanded
        aria-controls="palette-list"
        aria-activedescendant={found[current] ? `palette-${current}` : undefined}
        aria-label="Go to"
        placeholder="App, environment, page, action, or the number of a run …"
        value={text}
        onChange={(event) => {
          setText(event.target.value)
          setAt(0)
        }}
        onKeyDown={onKey}
        className={classes(
          'w-full border-b border-edge bg-transparent px-4 py-3.5 text-base',
          'outline-none placeholder:text-soft',
        )}
      />
      <ul
        ref={list}
        id="palette-list"
        role="listbox"
        aria-label="Results"
        className="overflow-y-auto p-1.5"
      >
        {found.map((entry, index) => (
          <li
            key={entry.id}
            id={`palette-${index}`}
            role="option"
            aria-selected={index === current}
            onPointerMove={() => setAt(index)}
            onClick={() => choose(entry)}
            className={classes(
              'flex cursor-pointer items-baseline gap-3 rounded-md px-2.5 py-2',
              'aria-selected:bg-hover',
            )}
          >
            <span className="w-24 shrink-0 whitespace-nowrap text-small text-soft">
              {entry.kind}
            </span>
            <span className="min-w-0 truncate">{entry.text}</span>
            <span className="ml-auto shrink-0 pl-3 text-small text-soft">{entry.detail}</span>
          </li>
        ))}
        {found.length === 0 ? (
          <li className="px-3 py-6 text-center text-soft">No results.</li>
        ) : null}
      </ul>
    </>
  )
}
