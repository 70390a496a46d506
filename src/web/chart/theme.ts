import type { Colour } from './spec.ts'

/** A colour of the theme as the canvas understands it. */
export type Palette = (colour: Colour, opacity?: number) => string

/**
 * Reads colours of the theme from CSS. A canvas cannot read variables, so a hidden element computes
 * each colour once per theme.
 */
export function createPalette(root: HTMLElement): { palette: Palette; forget: () => void } {
  const computed = new Map<string, string>()
  const probe = document.createElement('span')
  probe.hidden = true
  root.append(probe)
  const palette: Palette = (colour, opacity = 1) => {
    const key = `${colour} ${opacity}`
    const known = computed.get(key)
    if (known) return known
    probe.style.color =
      opacity === 1
        ? `var(--${colour})`
        : `color-mix(in srgb, var(--${colour}) ${opacity * 100}%, transparent)`
    const value = getComputedStyle(probe).color
    computed.set(key, value)
    return value
  }
  return { palette, forget: () => computed.clear() }
}

/** Calls back when the theme changes, by the console's switch or by the system. Returns a stop. */
export function onThemeChange(act: () => void): () => void {
  const system = matchMedia('(prefers-color-scheme: dark)')
  system.addEventListener('change', act)
  const observer = new MutationObserver(act)
  observer.observe(document.documentElement, { attributeFilter: ['data-theme'] })
  return () => {
    system.removeEventListener('change', act)
    observer.disconnect()
  }
}
