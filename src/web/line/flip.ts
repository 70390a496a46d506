import { type RefObject, useLayoutEffect, useRef } from 'react'

/**
 * Animates elements from their previous to their new position, also between parents. Elements are
 * matched by `data-token`.
 */
export function useGlide(root: RefObject<HTMLElement | null>): void {
  const before = useRef(new Map<string, DOMRect>())
  useLayoutEffect(() => {
    const now = new Map<string, DOMRect>()
    const origin = root.current?.getBoundingClientRect()
    const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches
    for (const element of root.current?.querySelectorAll<HTMLElement>('[data-token]') ?? []) {
      const key = element.dataset['token'] ?? ''
      // Positions are relative to the line, so that scrolling does not count as a move.
      const seen = element.getBoundingClientRect()
      const to = new DOMRect(
        seen.left - (origin?.left ?? 0),
        seen.top - (origin?.top ?? 0),
        seen.width,
        seen.height,
      )
      const from = before.current.get(key)
      now.set(key, to)
      if (isCalm) continue
      if (!from) {
        element.animate(
          [
            { opacity: 0, scale: 0.9 },
            { opacity: 1, scale: 1 },
          ],
          { duration: 250, easing: 'ease-out' },
        )
      } else if (Math.abs(from.left - to.left) > 2 || Math.abs(from.top - to.top) > 2) {
        const shift = `translate(${from.left - to.left}px, ${from.top - to.top}px)`
        element.animate([{ transform: shift }, { transform: 'none' }], {
          duration: 600,
          easing: 'cubic-bezier(.3,.7,.2,1)',
        })
      }
    }
    before.current = now
  })
}
