import type { Box } from './compare.ts'

/**
 * Reads the visible elements of the page that this function runs in: each that has a text, a
 * surface or a border of its own, or is a picture or a control. It runs in the browser, so it
 * refers to nothing outside of itself.
 */
export function readLayout(): Box[] {
  const canvas = document.createElement('canvas')
  canvas.width = 1
  canvas.height = 1
  const context = canvas.getContext('2d', { willReadFrequently: true })
  const known = new Map<string, string>()
  /** A CSS colour in any notation as eight hexadecimal digits, empty when it is transparent. */
  const hex = (css: string): string => {
    let found = known.get(css)
    if (found === undefined && context) {
      context.clearRect(0, 0, 1, 1)
      context.fillStyle = css
      context.fillRect(0, 0, 1, 1)
      const bytes = [...context.getImageData(0, 0, 1, 1).data]
      found = bytes[3] === 0 ? '' : bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('')
      known.set(css, found)
    }
    return found ?? ''
  }
  const textOf = (element: Element): string =>
    [...element.childNodes]
      .filter((node) => node.nodeType === Node.TEXT_NODE)
      .map((node) => (node.textContent ?? '').trim())
      .join(' ')
      .trim()
  const nameOf = (element: Element, text: string): string => {
    const tag = element.tagName.toLowerCase()
    const icon = /lucide-[\w-]+/.exec(element.getAttribute('class') ?? '')?.[0]
    const label = text || element.getAttribute('aria-label') || element.getAttribute('placeholder')
    return `${tag} ${icon ?? (label ?? '').slice(0, 50)}`.trim()
  }
  const boxes: Box[] = []
  const visit = (element: Element): void => {
    const style = getComputedStyle(element)
    if (style.display === 'none' || style.visibility === 'hidden' || style.opacity === '0') return
    const { left, top, width, height } = element.getBoundingClientRect()
    const tag = element.tagName.toLowerCase()
    const text = textOf(element)
    const border = [style.borderTopWidth, style.borderBottomWidth, style.borderLeftWidth].some(
      (value) => Number.parseFloat(value) > 0,
    )
      ? hex(style.borderBottomColor)
      : ''
    const background = hex(style.backgroundColor)
    const isPicture = ['svg', 'canvas', 'img', 'input', 'select', 'textarea'].includes(tag)
    // Texts for screen readers only have one pixel.
    const isSeen = width > 1 && height > 1
    if (isSeen && (text !== '' || isPicture || border !== '' || background !== ''))
      boxes.push({
        key: nameOf(element, text),
        at: [left + scrollX, top + scrollY, width, height].map(Math.round) as Box['at'],
        style: [
          text === '' ? '' : `${Number.parseFloat(style.fontSize)}px ${style.fontWeight}`,
          text === '' && tag !== 'svg' ? '' : hex(style.color),
          background && `on ${background}`,
          border && `border ${border}`,
        ]
          .filter(Boolean)
          .join(' '),
      })
    if (tag !== 'svg') for (const child of element.children) visit(child)
  }
  visit(document.body)
  return boxes
}
