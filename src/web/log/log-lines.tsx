import { type RefObject, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react'
import type { LogBuffer, LogState } from './buffer.ts'
import { LogLineView, timeWidth } from './log-line.tsx'
import { createMeasure, plainRows, type Rows, wrappedRows } from './rows.ts'
import { classes } from '../ui/classes.ts'

const rowHeight = 20
/** rows rendered overscan the edges of the viewport */
const overscan = 12

interface Props {
  buffer: LogBuffer
  state: LogState
  isWrapped: boolean
  hasTimes: boolean
  isFollowing: boolean
  setFollowing: (on: boolean) => void
  linked: number | null
  /** the line to scroll to; a new object scrolls again */
  goal: { n: number } | null
  wanted: string
  link: (n: number) => void
}

interface Window {
  top: number
  height: number
  width: number
}

/** Renders only the lines in the viewport, for logs of any length. */
export function LogLines(props: Props) {
  const { buffer, state, isWrapped, hasTimes, isFollowing, setFollowing } = props
  const { linked, goal, wanted, link } = props
  const frame = useRef<HTMLDivElement>(null)
  const [window, setWindow] = useState<Window>({ top: 0, height: 600, width: 800 })
  const charWidth = useCharWidth(frame)
  const digits = Math.max(3, String(state.total).length)
  const rows = useRows(
    buffer,
    state,
    isWrapped
      ? Math.max(
          10,
          Math.floor((window.width - 16) / charWidth) - digits - 3 - (hasTimes ? timeWidth : 0),
        )
      : null,
  )
  useWindow(frame, setWindow)
  useFollow(frame, isFollowing, rows)
  useAnchor(frame, rows, isFollowing)
  const goTo = useRef(rows)
  goTo.current = rows
  useLayoutEffect(() => {
    if (goal && frame.current)
      frame.current.scrollTop = Math.max(0, (goTo.current.before(goal.n) - 5) * rowHeight)
  }, [goal])

  const first = rows.lineAt(Math.max(0, Math.floor(window.top / rowHeight) - overscan))
  const last = Math.min(
    state.total,
    rows.lineAt(Math.ceil((window.top + window.height) / rowHeight) + overscan),
  )
  useEffect(() => {
    if (last >= first) buffer.ensureLines(first, last)
  }, [buffer, first, last, state.total])

  const onScroll = (): void => {
    const element = frame.current
    if (!element) return
    setWindow((old) => ({ ...old, top: element.scrollTop }))
    const isAtEnd =
      element.scrollTop + element.clientHeight >= element.scrollHeight - rowHeight * 1.5
    if (isFollowing && !isAtEnd && element.scrollTop < lastTop.current) setFollowing(false)
    lastTop.current = element.scrollTop
  }
  const lastTop = useRef(0)
  const numbers = Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index)
  return (
    <div
      ref={frame}
      onScroll={onScroll}
      tabIndex={0}
      role="log"
      aria-live="off"
      aria-label="Log"
      className={classes(
        'min-h-20 flex-1 overflow-auto overscroll-contain bg-sunken py-1',
        'font-mono text-log leading-5 [font-variant-ligatures:none]',
      )}
    >
      <div
        style={{ height: rows.total * rowHeight }}
        className={`relative ${isWrapped ? '' : 'w-max min-w-full'}`}
      >
        <div
          style={{ transform: `translateY(${rows.before(first) * rowHeight}px)` }}
          className={isWrapped ? '' : 'w-max min-w-full'}
        >
          {numbers.map((n) => (
            <LogLineView
              key={n}
              n={n}
              line={buffer.line(n)}
              digits={digits}
              isWrapped={isWrapped}
              hasTime={hasTimes}
              isLinked={n === linked}
              isMatch={goal?.n === n}
              wanted={wanted}
              link={link}
            />
          ))}
        </div>
      </div>
    </div>
  )
}

function useRows(buffer: LogBuffer, state: LogState, columns: number | null): Rows {
  const measure = useMemo(
    () => (columns === null ? null : createMeasure(columns)),
    [columns, buffer],
  )
  // The version of the state changes with the content of the buffer.
  return useMemo(
    () => (measure ? wrappedRows(state.total, measure, buffer.chunk) : plainRows(state.total)),
    [measure, buffer, state.version, state.total],
  )
}

function useCharWidth(frame: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(7.5)
  useLayoutEffect(() => {
    const probe = document.createElement('span')
    probe.textContent = '0'.repeat(100)
    probe.style.position = 'absolute'
    frame.current?.append(probe)
    const found = probe.getBoundingClientRect().width / 100
    probe.remove()
    if (found > 0) setWidth(found)
  }, [frame])
  return width
}

function useWindow(
  frame: RefObject<HTMLElement | null>,
  setWindow: (change: (old: Window) => Window) => void,
): void {
  useEffect(() => {
    const element = frame.current
    if (!element) return
    const observer = new ResizeObserver(() =>
      setWindow((old) => ({ ...old, height: element.clientHeight, width: element.clientWidth })),
    )
    observer.observe(element)
    return () => observer.disconnect()
  }, [frame, setWindow])
}

function useFollow(frame: RefObject<HTMLElement | null>, isFollowing: boolean, rows: Rows): void {
  useLayoutEffect(() => {
    if (isFollowing && frame.current) frame.current.scrollTop = frame.current.scrollHeight
  }, [frame, isFollowing, rows])
}

/** Keeps the top line in place when the lines above it are measured and take more rows. */
function useAnchor(frame: RefObject<HTMLElement | null>, rows: Rows, isFollowing: boolean): void {
  const before = useRef(rows)
  useLayoutEffect(() => {
    const element = frame.current
    const old = before.current
    before.current = rows
    if (!element || isFollowing || old === rows || old.total === 0) return
    const n = old.lineAt(Math.floor(element.scrollTop / rowHeight))
    const shift = (rows.before(n) - old.before(n)) * rowHeight
    if (shift !== 0) element.scrollTop += shift
  }, [frame, rows, isFollowing])
}
