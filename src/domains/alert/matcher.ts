import { RE2JS, RE2JSException } from 're2js'

export type Labels = Record<string, string>

/** A condition on one label. A label that is missing has the value ''. */
export interface Matcher {
  name: string
  value: string
  isRegex: boolean
  isEqual: boolean
}

/** A matcher cannot be used. The sentence names it. */
export class MatcherProblem extends Error {}

const operators = {
  '=': { isRegex: false, isEqual: true },
  '!=': { isRegex: false, isEqual: false },
  '=~': { isRegex: true, isEqual: true },
  '!~': { isRegex: true, isEqual: false },
} as const

/** Characters of a name and of a value. */
const longest = { name: 200, value: 1000 }

/** Reads `name="value"`, also with `!=`, `=~` and `!~`, and without quotes. */
export function parseMatcher(text: string): Matcher {
  const trimmed = text.trim()
  const found = /=~|!~|!=|=/.exec(trimmed)
  const name = unquote(trimmed.slice(0, found?.index ?? 0).trim())
  if (!found || name === '')
    throw new MatcherProblem(`"${text.slice(0, 100)}" is not a matcher, such as app="shop"`)
  const value = unquote(trimmed.slice(found.index + found[0].length).trim())
  return checked({ name, value, ...operators[found[0] as keyof typeof operators] })
}

export function formatMatcher({ name, value, isRegex, isEqual }: Matcher): string {
  const operator = isRegex ? (isEqual ? '=~' : '!~') : isEqual ? '=' : '!='
  return `${name}${operator}${JSON.stringify(value)}`
}

/** The matcher; throws when its regular expression is invalid, or a part is too long. */
export function checked(matcher: Matcher): Matcher {
  if (matcher.name.length > longest.name || matcher.value.length > longest.value)
    throw new MatcherProblem(`a matcher of ${matcher.name.slice(0, 50)} is too long`)
  if (matcher.isRegex) compile(matcher.value)
  return matcher
}

/** A test of labels by all matchers. */
export function matcherOf(matchers: readonly Matcher[]): (labels: Labels) => boolean {
  const tests = matchers.map(({ name, value, isRegex, isEqual }) => {
    const expression = isRegex ? compile(value) : null
    return (labels: Labels): boolean => {
      const found = labels[name] ?? ''
      return (expression ? expression.testExact(found) : found === value) === isEqual
    }
  })
  return (labels) => tests.every((test) => test(labels))
}

/** The syntax of Prometheus, in linear time. */
function compile(value: string): RE2JS {
  try {
    return RE2JS.compile(value)
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error
    throw new MatcherProblem(`"${value.slice(0, 100)}" is not a regular expression of RE2`)
  }
}

function unquote(text: string): string {
  if (!text.startsWith('"')) return text
  try {
    return String(JSON.parse(text))
  } catch {
    throw new MatcherProblem(`${text.slice(0, 100)} is not a text in quotes`)
  }
}
