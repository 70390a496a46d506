import { ArrowDownToLine, ChevronDown, ChevronUp, Clock, Download, WrapText } from 'lucide-react'
import { useMutation } from '@tanstack/react-query'
import { type KeyboardEvent, useEffect, useRef, useState } from 'react'
import { useSearchParams } from 'react-router'
import { isForPage } from '../shell/keys.ts'
import { Button, Toggle } from '../ui/button.tsx'
import { useCopy } from '../ui/copy.tsx'
import { problemOf } from '../ui/problem.tsx'
import { useClient } from '../live/dependencies.tsx'
import { downloadLog } from './download.ts'
import { LogLines } from './log-lines.tsx'
import { type Found, nothingFound, searchLog } from './search.ts'
import { useLog } from './use-log.ts'
import type { LogBuffer, LogState } from './buffer.ts'

interface Props {
  run: number
  step: string
  attempt: number
  isRunning: boolean
  /** scrolls to the end, where the reason of the failure is */
  isFailed: boolean
}

/** The log of one attempt of a step. Live, searchable, and of any length. */
export function LogPanel({ run, step, attempt, isRunning, isFailed }: Props) {
  const { buffer, state } = useLog({ run, step, attempt })
  const [search, setSearch] = useSearchParams()
  const linked = Number(search.get('line')) || null
  const [isFollowing, setFollowing] = useState((isRunning || isFailed) && linked === null)
  const [isWrapped, setWrapped] = useState(() => matchMedia('(max-width: 640px)').matches)
  const [hasTimes, setTimes] = useTimes()
  const client = useClient()
  const download = useMutation({
    mutationFn: () => downloadLog(client, { run, step, attempt }, hasTimes),
  })
  const [goal, setGoal] = useState<{ n: number } | null>(null)
  const finder = useFinder(buffer, state, (n) => {
    setFollowing(false)
    setGoal({ n })
  })
  const { copied, copy } = useCopy()
  useLogKeys(
    () => setFollowing((on) => !on),
    () => setWrapped((on) => !on),
    () => setTimes(!hasTimes),
  )
  const isThere = linked !== null && linked <= state.total
  useEffect(() => {
    if (isThere) setGoal({ n: linked })
  }, [isThere, linked])

  const link = (n: number): void => {
    const next = new URLSearchParams(search)
    next.set('step', step)
    next.set('attempt', String(attempt))
    next.set('line', String(n))
    setSearch(next, { replace: true })
    copy(`${location.origin}${location.pathname}?${next.toString()}`)
  }
  return (
    <div className="panel flex max-h-[max(26rem,calc(100dvh-13rem))] flex-col overflow-hidden">
      <div className="flex flex-wrap items-center gap-2 border-b border-edge p-2">
        <FindField finder={finder} state={state} />
        <span role="status" className="ml-auto px-1 text-soft">
          {copied ? 'Link copied' : <Count state={state} />}
          {download.error ? (
            <span className="text-bad"> {problemOf(download.error).title}</span>
          ) : null}
        </span>
        <Toggle on={hasTimes} onChange={setTimes} label="Times of the lines (t)">
          <Clock size={15} aria-hidden />
          <span className="hidden sm:inline">Times</span>
        </Toggle>
        <Toggle on={isWrapped} onChange={setWrapped} label="Wrap long lines (w)">
          <WrapText size={15} aria-hidden />
          <span className="hidden sm:inline">Wrap</span>
        </Toggle>
        <Toggle on={isFollowing} onChange={setFollowing} label="Follow the log (f)">
          <ArrowDownToLine size={15} aria-hidden />
          <span className="hidden sm:inline">Follow</span>
        </Toggle>
        <Button
          aria-label="Download the log"
          title="Download the log"
          disabled={download.isPending || state.total === 0}
          onClick={() => download.mutate()}
        >
          <Download size={15} aria-hidden />
        </Button>
      </div>
      {buffer && state.total > 0 ? (
        <LogLines
          buffer={buffer}
          state={state}
          isWrapped={isWrapped}
          hasTimes={hasTimes}
          isFollowing={isFollowing}
          setFollowing={setFollowing}
          linked={linked}
          goal={goal}
          wanted={finder.wanted}
          link={link}
        />
      ) : (
        <p className="px-4 py-8 text-center text-soft">{emptyText(state)}</p>
      )}
    </div>
  )
}

const timesKey = 'fairlead-log-times'

/** Whether lines have their times, which the browser remembers. */
function useTimes(): [boolean, (on: boolean) => void] {
  const [hasTimes, setTimes] = useState(() => localStorage.getItem(timesKey) === 'on')
  const change = (on: boolean): void => {
    localStorage.setItem(timesKey, on ? 'on' : 'off')
    setTimes(on)
  }
  return [hasTimes, change]
}

function emptyText(state: LogState): string {
  if (state.problem) return problemOf(state.problem).title
  return state.complete ? 'No output.' : 'No output yet.'
}

function Count({ state }: { state: LogState }) {
  if (state.problem && state.total > 0)
    return <span className="text-warn">Part of the log could not be read</span>
  return (
    <>
      {state.total.toLocaleString('en')} {state.total === 1 ? 'line' : 'lines'}
      {state.complete ? '' : ', running'}
    </>
  )
}

interface Finder {
  text: string
  setText: (text: string) => void
  /** in lower case */
  wanted: string
  found: Found
  at: number
  go: (by: 1 | -1) => void
}

/** Searches while the user types, and moves from match to match. */
function useFinder(buffer: LogBuffer | null, state: LogState, show: (n: number) => void): Finder {
  const [text, setText] = useState('')
  const [found, setFound] = useState(nothingFound)
  const [at, setAt] = useState(-1)
  const latest = useRef(found)
  latest.current = found
  const wanted = text.trim().toLowerCase()
  const pending = useRef<1 | -1 | null>(null)
  useEffect(() => {
    setFound(nothingFound)
    latest.current = nothingFound
    pending.current = null
    setAt(-1)
  }, [wanted, buffer])
  useEffect(() => {
    if (!buffer || wanted === '') return
    const stop = new AbortController()
    const timer = setTimeout(
      () => void searchLog(buffer, wanted, latest.current, setFound, stop.signal),
      150,
    )
    return () => {
      clearTimeout(timer)
      stop.abort()
    }
  }, [buffer, wanted, state.total])
  const go = (by: 1 | -1): void => {
    const { lines } = found
    // Enter may be pressed before the search has a result.
    pending.current = lines.length === 0 ? by : null
    if (lines.length === 0) return
    const next = (Math.max(at, by === 1 ? -1 : 0) + by + lines.length) % lines.length
    setAt(next)
    show(lines[next] ?? 1)
  }
  const goLater = useRef(go)
  goLater.current = go
  useEffect(() => {
    if (pending.current !== null && found.lines.length > 0) goLater.current(pending.current)
  }, [found])
  return { text, setText, wanted, found, at, go }
}

function FindField({ finder, state }: { finder: Finder; state: LogState }) {
  const { text, setText, found, at, go, wanted } = finder
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === 'Enter') go(event.shiftKey ? -1 : 1)
  }
  const isDone = found.searched >= state.total
  const where = at >= 0 ? `${at + 1} of ` : ''
  return (
    <div className="flex min-w-0 flex-1 items-center gap-1.5 basis-64 sm:max-w-md">
      <input
        data-search
        type="search"
        aria-label="Search this log"
        placeholder="Search this log"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKey}
        className="field h-9 w-full min-w-0"
      />
      {wanted === '' ? null : (
        <>
          <span className="shrink-0 text-soft" role="status">
            {isDone
              ? `${where}${found.lines.length.toLocaleString('en')}`
              : `${Math.floor((found.searched / Math.max(1, state.total)) * 100)} % searched`}
          </span>
          <Button kind="bare" aria-label="Previous match" onClick={() => go(-1)}>
            <ChevronUp size={15} aria-hidden />
          </Button>
          <Button kind="bare" aria-label="Next match" onClick={() => go(1)}>
            <ChevronDown size={15} aria-hidden />
          </Button>
        </>
      )}
    </div>
  )
}

function useLogKeys(follow: () => void, wrap: () => void, times: () => void): void {
  const latest = useRef({ follow, wrap, times })
  latest.current = { follow, wrap, times }
  useEffect(() => {
    const onKey = (event: globalThis.KeyboardEvent): void => {
      if (!isForPage(event)) return
      if (event.key === 'f') latest.current.follow()
      if (event.key === 'w') latest.current.wrap()
      if (event.key === 't') latest.current.times()
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [])
}
