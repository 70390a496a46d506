import { expect, test } from 'vitest'
import { events } from '#contract/events.ts'
import { filesOf, isTest, textOf } from './support/source-files.ts'

// That each is really emitted is checked at the end of a complete run: support/emitted-events.ts.
test('the code emits every declared event', () => {
  const code = [
    ...filesOf('src/**/*.ts').filter((file) => !isTest(file) && !file.startsWith('src/contract/')),
  ].map(textOf)
  const unused = events.filter(({ type }) => !code.some((text) => text.includes(`'${type}'`)))
  expect(unused.map(({ type }) => type)).toEqual([])
})
