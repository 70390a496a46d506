import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { contrast, coloursOf, cssOf, leastContrast, type Rgb, themes } from './colour.ts'

const part = fc.integer({ min: 0, max: 255 })
const colour = fc.oneof(
  fc.constant(null),
  fc.integer({ min: 0, max: 15 }),
  fc.tuple(part, part, part).map((one): Rgb => one),
)

test('any text can be read on any background, in both themes', () => {
  fc.assert(
    fc.property(
      colour,
      colour,
      fc.boolean(),
      fc.boolean(),
      (color, background, isFaint, isInverse) => {
        for (const theme of themes) {
          const found = coloursOf({ color, background, isFaint, isInverse }, theme)
          expect(contrast(found.text, found.background)).toBeGreaterThanOrEqual(leastContrast)
        }
      },
    ),
  )
})

test('a colour that can be read stays as it is', () => {
  const style = { color: 1, background: null, isFaint: false, isInverse: false }
  expect(cssOf(style)).toEqual({ color: 'light-dark(#bf2631, #ff8086)' })
  expect(cssOf({ ...style, color: null })).toEqual({})
})

test('the background and the text of a log are those of the theme', () => {
  const css = readFileSync(new URL('../styles.css', import.meta.url), 'utf8')
  const plain = { color: null, background: null, isFaint: false, isInverse: true }
  const { color, background } = cssOf(plain)
  expect(css).toContain(`--sunken: ${color}`)
  expect(css).toContain(`--ink: ${background}`)
})
