export type Rgb = readonly [number, number, number]

/** A colour of a terminal: one of the 16 that follow the theme, or in RGB; null is the default. */
export type TerminalColour = number | Rgb | null

export const themes = ['light', 'dark'] as const
type Theme = (typeof themes)[number]
type Themed<T> = Record<Theme, T>

const rgb = (hex: string): Rgb => [
  Number.parseInt(hex.slice(1, 3), 16),
  Number.parseInt(hex.slice(3, 5), 16),
  Number.parseInt(hex.slice(5, 7), 16),
]
const themed = (light: string, dark: string): Themed<Rgb> => ({
  light: rgb(light),
  dark: rgb(dark),
})

/** `--sunken` and `--ink` of styles.css: the background and the text of a log. */
const ground = themed('#f0f2f5', '#0a0c0e')
const ink = themed('#14181d', '#e8ebef')

/** The 16 colours of a terminal in both themes. */
const palette: Themed<Rgb>[] = [
  themed('#3b434d', '#8b95a1'),
  themed('#bf2631', '#ff8086'),
  themed('#0f7546', '#4cc38a'),
  themed('#8a5300', '#e8b04c'),
  themed('#1d5cc9', '#7cb0ff'),
  themed('#8a2fa8', '#d79bf0'),
  themed('#08707f', '#5fc6d6'),
  themed('#4a525c', '#c5ccd4'),
  themed('#59636f', '#98a3b0'),
  themed('#d11f2c', '#ff9a9f'),
  themed('#0a7d48', '#6ee0a8'),
  themed('#8f6400', '#ffd07a'),
  themed('#2a6be0', '#9cc4ff'),
  themed('#9c36bd', '#e6b8fa'),
  themed('#087a8a', '#86dfec'),
  themed('#14181d', '#e8ebef'),
]

const mix = (from: Rgb, to: Rgb, part: number): Rgb => [
  Math.round(from[0] + (to[0] - from[0]) * part),
  Math.round(from[1] + (to[1] - from[1]) * part),
  Math.round(from[2] + (to[2] - from[2]) * part),
]

/** Relative luminance, from 0 to 1 (WCAG 2.2). */
function luminance(colour: Rgb): number {
  const [red = 0, green = 0, blue = 0] = colour.map((value) => {
    const part = value / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/** The contrast ratio of two colours, from 1 to 21 (WCAG 2.2). */
export function contrast(one: Rgb, other: Rgb): number {
  const [a, b] = [luminance(one), luminance(other)]
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
}

/** The contrast that text needs (WCAG 2.2, success criterion 1.4.3). */
export const leastContrast = 4.5
const black: Rgb = [0, 0, 0]
const white: Rgb = [255, 255, 255]

/** A text colour, made darker or lighter until it can be read on a background. */
function readable(text: Rgb, background: Rgb): Rgb {
  const end = contrast(black, background) > contrast(white, background) ? black : white
  for (let part = 0; part < 1; part += 0.05) {
    const tried = mix(text, end, part)
    if (contrast(tried, background) >= leastContrast) return tried
  }
  return end
}

export interface TextStyle {
  color: TerminalColour
  background: TerminalColour
  isFaint: boolean
  isInverse: boolean
}

/** A backdrop of one of the 16 colours is pale, so that the text on it can keep its colour. */
const paleness = 0.7

/** The colours of a text and its background in a theme, with enough contrast. */
export function coloursOf(style: TextStyle, theme: Theme): { text: Rgb; background: Rgb } {
  const solid = (colour: TerminalColour, unset: Themed<Rgb>): Rgb =>
    colour === null
      ? unset[theme]
      : typeof colour === 'number'
        ? (palette[colour]?.[theme] ?? unset[theme])
        : colour
  const front = solid(style.color, ink)
  const back = solid(style.background, ground)
  const [text, background] = style.isInverse
    ? [back, front]
    : [front, typeof style.background === 'number' ? mix(back, ground[theme], paleness) : back]
  const dimmed = style.isFaint ? mix(text, background, 0.3) : text
  return { text: readable(dimmed, background), background }
}

const hex = (colour: Rgb): string =>
  `#${colour.map((value) => value.toString(16).padStart(2, '0')).join('')}`

/** The CSS colours of a text that is not in the default style; both follow the theme. */
export function cssOf(style: TextStyle): { color?: string; background?: string } {
  const { color, background, isFaint, isInverse } = style
  if (color === null && background === null && !isFaint && !isInverse) return {}
  const [light, dark] = [coloursOf(style, 'light'), coloursOf(style, 'dark')]
  return {
    color: `light-dark(${hex(light.text)}, ${hex(dark.text)})`,
    ...(background !== null || isInverse
      ? { background: `light-dark(${hex(light.background)}, ${hex(dark.background)})` }
      : {}),
  }
}
