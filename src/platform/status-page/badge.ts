import { type ComponentState, componentStateWords } from '#contract/status-page/status-page.ts'
import { escaped } from './html-text.ts'

/** Colours with a contrast of at least 4.5 to white. */
const colours: Record<ComponentState, string> = {
  ...{ operational: '#1a7f4b', degraded: '#8f6200', partial_outage: '#b34700' },
  ...{ major_outage: '#c1272d', maintenance: '#2a62b8', unknown: '#666d76' },
}

/** A badge for other pages, as SVG. Pure. */
export function badgeSvg(label: string, state: ComponentState): string {
  const word = componentStateWords[state].toLowerCase()
  // `textLength` fits the text to it.
  const [left, right] = [Math.max(1, label.length) * 7 + 12, word.length * 7 + 12]
  const text = (value: string, x: number, width: number): string =>
    `<text x="${x + 6}" y="14" textLength="${width - 12}">${escaped(value)}</text>`
  const all = escaped(`${label}: ${word}`)
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${left + right}" height="20" role="img" ` +
    `aria-label="${all}"><title>${all}</title><rect width="${left}" height="20" fill="#3c434a"/>` +
    `<rect x="${left}" width="${right}" height="20" fill="${colours[state]}"/>` +
    `<g fill="#fff" font-family="Verdana,sans-serif" font-size="11">` +
    `${text(label, 0, left)}${text(word, left, right)}</g></svg>\n`
  )
}
