import { useLayoutEffect, useRef, useState, type RefObject } from 'react'

/** How near the end counts as the end, in pixels. */
const nearPx = 30

/** Keeps the end of `lines` in view unless the user scrolls up. Both parts belong to the frame. */
export function useFollowEnd(lines: unknown): {
  ref: RefObject<HTMLDivElement | null>
  onScroll(): void
} {
  const ref = useRef<HTMLDivElement>(null)
  const [isAtEnd, setAtEnd] = useState(true)
  useLayoutEffect(() => {
    if (isAtEnd && ref.current) ref.current.scrollTop = ref.current.scrollHeight
  }, [lines, isAtEnd])
  const onScroll = (): void => {
    const element = ref.current
    if (element) setAtEnd(element.scrollTop + element.clientHeight >= element.scrollHeight - nearPx)
  }
  return { ref, onScroll }
}
