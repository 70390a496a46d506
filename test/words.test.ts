import { expect, test } from 'vitest'
import { filesOf, textOf } from './support/source-files.ts'

/** Words that users met for a thing that has another name, and that name. */
const replaced: [RegExp, string][] = [
  [/\bcheck-ins?\b/i, 'commit'],
  [/\bNot now\b/, 'Cancel'],
  [/\btaken back\b/i, 'rolled back'],
  [/\b(the|a|its) forges?\b(?! (set|show|delete))/i, 'Git provider'],
  [/\btoLocale(Date|Time)?String\(\)/, 'a function of src/contract/time-words.ts'],
  [/send the request again/i, 'try again'],
]

/** The text of a file without its comments, imports and paths. */
const shownText = (file: string): string =>
  textOf(file)
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '')
    .replace(/^import .*$/gm, '')

const files = [
  ...filesOf('src/web/**/*.tsx'),
  ...filesOf('src/cli/**/*.ts'),
  ...filesOf('src/contract/*/events.ts'),
  ...filesOf('src/contract/errors.ts'),
].filter((file) => !file.includes('.test.'))

test('one thing has one word in the console, the command line and the events', () => {
  expect(files.length).toBeGreaterThan(100)
  const wrong = files.flatMap((file) =>
    shownText(file)
      .split('\n')
      .flatMap((line) =>
        replaced
          .filter(([word]) => word.test(line))
          .map(([, better]) => `${file}: ${line.trim()} (write: ${better})`),
      ),
  )
  expect(wrong).toEqual([])
})
