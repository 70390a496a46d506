import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const css = readFileSync('src/web/styles.css', 'utf8')
const sheet = readFileSync('docs/console.md', 'utf8')

type Theme = 'light' | 'dark'

function colour(name: string, theme: Theme): number[] {
  const found = new RegExp(`--${name}: light-dark\\((#\\w{6}), (#\\w{6})\\)`).exec(css)
  const hex = found?.[theme === 'light' ? 1 : 2] ?? ''
  expect(hex, `${name} of ${theme}`).toHaveLength(7)
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
}

/** The relative luminance of WCAG 2.2. */
const luminance = (rgb: number[]): number => {
  const [r = 0, g = 0, b = 0] = rgb.map((value) =>
    value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4,
  )
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function contrast(one: number[], other: number[]): number {
  const [high = 0, low = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a)
  return (high + 0.05) / (low + 0.05)
}

const lowest = (name: string, theme: Theme): number =>
  Math.min(
    ...['ground', 'panel', 'sunken', 'hover'].map((surface) =>
      contrast(colour(name, theme), colour(surface, theme)),
    ),
  )

test.each(['ink', 'soft', 'good', 'bad', 'warn', 'move'])(
  'the colour %s can be read, and the design sheet says how well',
  (name) => {
    const values = (['light', 'dark'] as const).map((theme) => lowest(name, theme))
    for (const value of values) expect(value).toBeGreaterThanOrEqual(4.5)
    const row = sheet.split('\n').find((line) => line.startsWith(`| \`${name}\``)) ?? ''
    expect(row.split('|').slice(3, 5).map(Number)).toEqual(
      values.map((value) => Number(value.toFixed(1))),
    )
  },
)

test('text has a size of the scale', () => {
  const files = globSync('src/web/**/*.tsx')
  expect(files.length).toBeGreaterThan(50)
  const wrong = files.flatMap((file) =>
    (readFileSync(file, 'utf8').match(/\btext-\[[\d.]+\w+\]/g) ?? []).map(
      (size) => `${file}: ${size}`,
    ),
  )
  expect(wrong).toEqual([])
})

test('what scrolls is Scrollable, which the keyboard reaches', () => {
  // Each of these holds buttons or links, or takes the keyboard in its own way.
  const others = [
    'environment/service-log.tsx',
    'log/run-output.tsx',
    'log/log-lines.tsx',
    'run/run-graph.tsx',
    'shell/navigation.tsx',
    'shell/palette.tsx',
    'ui/dialog-views.tsx',
    'ui/tabs.tsx',
  ]
  const files = globSync('src/web/**/*.tsx')
    .filter((file) => /\boverflow-(?:[xy]-)?(?:auto|scroll)\b/.test(readFileSync(file, 'utf8')))
    .map((file) => file.replace('src/web/', ''))
    .sort()
  expect(files).toEqual([...others, 'ui/scrollable.tsx'].sort())
})
