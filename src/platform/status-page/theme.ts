import { readFileSync } from 'node:fs'
import type { StatusTheme } from '#contract/status-page/status-page.ts'
import { backgrounds } from './style.ts'

const mostLogo = 20_480
/** What each PNG begins with (ISO/IEC 15948). */
const pngMark = Buffer.from('89504e470d0a1a0a', 'hex')
/** The contrast of text that WCAG 2.2 asks for at level AA. */
const leastContrast = 4.5

/**
 * The look of the status page: a logo and two colours. Throws one sentence when a variable is
 * invalid, or the page could not be read with it.
 */
export function statusTheme(env: Record<string, string | undefined>): StatusTheme | undefined {
  const logo = env['FAIRLEAD_STATUS_LOGO']?.trim()
  const colors = env['FAIRLEAD_STATUS_COLORS']?.trim()
  if (!logo && !colors) return undefined
  return {
    ...(logo ? { logo: readLogo(logo) } : {}),
    ...(colors ? { colors: readColors(colors) } : {}),
  }
}

function readLogo(path: string): string {
  const refuse = (problem: string): never => {
    throw new Error(`FAIRLEAD_STATUS_LOGO is ${JSON.stringify(path)}, but ${problem}`)
  }
  let content: Buffer
  try {
    content = readFileSync(path)
  } catch (error) {
    return refuse(`the file cannot be read: ${(error as Error).message}`)
  }
  const problem = logoProblem(content)
  if (problem !== null) refuse(problem)
  return content.toString('base64')
}

/** Why a page cannot have a logo, in words after "it"; null when it can. Pure. */
export function logoProblem(content: Buffer): string | null {
  if (!content.subarray(0, pngMark.length).equals(pngMark)) return 'must be a PNG'
  return content.length > mostLogo ? 'must have at most 20 KB, so that the page loads fast' : null
}

function readColors(text: string): { light: string; dark: string } {
  const [light = '', dark = '', ...rest] = text.split(',').map((one) => one.trim().toLowerCase())
  if (!isColor(light) || !isColor(dark) || rest.length > 0)
    throw new Error(`FAIRLEAD_STATUS_COLORS is ${JSON.stringify(text)}, but ${twoColors}`)
  const problem = colorProblem({ light, dark })
  if (problem !== null) throw new Error(`FAIRLEAD_STATUS_COLORS has ${problem}`)
  return { light, dark }
}

const isColor = (text: string): boolean => /^#[0-9a-f]{6}$/.test(text)

const twoColors =
  'must be two colours, for the light and for the dark page, such as #0b57d0,#8ab4f8'

/** Why a page cannot have two colours, in words after "it has"; null when it can. Pure. */
export function colorProblem(colors: { light: string; dark: string }): string | null {
  for (const page of ['light', 'dark'] as const) {
    const color = colors[page]
    if (!isColor(color)) return `${JSON.stringify(color)}, but ${twoColors}`
    const found = contrast(color, backgrounds[page])
    if (found < leastContrast)
      return (
        `${color} for the ${page} page, whose contrast is ${Math.floor(found * 100) / 100}, ` +
        `but must be at least 4.5 (WCAG AA): choose a ${page === 'light' ? 'darker' : 'lighter'} ` +
        'colour'
      )
  }
  return null
}

/** The contrast of two colours such as `#0b57d0`, from 1 to 21, as in WCAG 2.2. Pure. */
export function contrast(one: string, other: string): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b)
  return (high + 0.05) / (low + 0.05)
}

function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(color.slice(at, at + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
