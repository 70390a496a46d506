import { expect, test } from 'vitest'
import { filesOf, textOf } from './support/source-files.ts'

/** Words that users met for a thing that has another name, and that name. */
const replaced: [RegExp, string][] = [
  [/\bcheck-ins?\b/i, 'commit'],
  [/\bNot now\b/, 'Cancel'],
  [/\btaken back\b/i, 'rolled back'],
  [/\b(the|a|its|of) forges?\b/i, 'Git provider'],
  [/\bfairlead forge\b/, 'fairlead provider'],
  [/\b(the|a|its|of|current|recorded) verdicts?\b/i, 'the analysis or the result of a canary'],
  [/['">]Verdicts?\b/, 'Canary analysis, or Result'],
  [/\bfairlead verdict\b/, 'fairlead canary'],
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

/** The guides without their code: blocks, spans, and the addresses of links. */
const proseOf = (file: string): string =>
  textOf(file)
    .replace(/^ *```[\s\S]*?^ *```/gm, '')
    .replace(/`[^`]*`/g, '')
    .replace(/\]\([^)]*\)/g, ']')

const guides = [...filesOf('*.md'), ...filesOf('docs/*.md')].filter(
  (file) => !/^(ARCHITECTURE|CONTRIBUTING)/.test(file),
)

test('the guides use the words of the console', () => {
  expect(guides).toContain('docs/canary.md')
  const wrong = guides.flatMap((file) =>
    [/\bforges?\b/i, /\bverdicts?\b/i, /\bcheck-ins?\b/i].flatMap((word) => {
      // The changelog names the words that were replaced.
      const found = proseOf(file)
        .split('\n')
        .filter((line) => word.test(line) && !/they said/.test(line))
      return found.map((line) => `${file}: ${line.trim()}`)
    }),
  )
  expect(wrong).toEqual([])
})
