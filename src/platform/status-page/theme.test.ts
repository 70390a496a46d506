import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { contrast, statusTheme } from './theme.ts'

const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwAD' +
    'hgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)
let folder: string
const file = (name: string, content: Buffer | string): string => {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'fairlead-theme-'))))
afterAll(() => rmSync(folder, { recursive: true }))

test('a logo and two colours are the theme; without variables there is none', () => {
  expect(statusTheme({})).toBeUndefined()
  const FAIRLEAD_STATUS_LOGO = file('logo.png', png)
  const colors = { FAIRLEAD_STATUS_COLORS: '#0B57D0, #8ab4f8' }
  expect(statusTheme({ FAIRLEAD_STATUS_LOGO, ...colors })).toEqual({
    logo: png.toString('base64'),
    colors: { light: '#0b57d0', dark: '#8ab4f8' },
  })
})

test('a logo must be a small PNG', () => {
  const read = (path: string) => () => statusTheme({ FAIRLEAD_STATUS_LOGO: path })
  expect(read(join(folder, 'none.png'))).toThrow('none.png", but the file cannot be read')
  expect(read(file('a.svg', '<svg onload="alert(1)"/>'))).toThrow('must be a PNG')
  expect(read(file('b.png', Buffer.concat([png, Buffer.alloc(20_480)])))).toThrow('at most 20 KB')
})

test('colours must be two, and readable on their pages', () => {
  const read = (text: string) => () => statusTheme({ FAIRLEAD_STATUS_COLORS: text })
  for (const text of ['#0b57d0', 'red,blue', '#0b57d0,#8ab4f8,#000000', '#0b57d0,#8ab4f8}'])
    expect(read(text)).toThrow('must be two colours')
  expect(read('#ffcc00,#8ab4f8')).toThrow(
    'has #ffcc00 for the light page, whose contrast is 1.51, but must be at least 4.5 (WCAG AA): ' +
      'choose a darker colour',
  )
  expect(read('#0b57d0,#0b2c6b')).toThrow('choose a lighter colour')
  // Examples of WCAG: the darkest and the lightest colour, and the limit of greys on white.
  expect(contrast('#000000', '#ffffff')).toBe(21)
  expect(contrast('#767676', '#ffffff')).toBeGreaterThan(4.5)
  expect(contrast('#777777', '#ffffff')).toBeLessThan(4.5)
})
